// Models that Keras has saved: what they are and compute. The numbers are Keras's own.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "models/keras_weights.hpp"
#include "models/model_config.hpp"
#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"

namespace xtape {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string folder() { return testing::source_dir() + "/tests/data/fixtures/keras/"; }

Json json_file(const std::string& name) {
  std::ifstream in(folder() + name);
  return Json::parse(in);
}

double number(const Json& json) {
  if (json.is_string()) return json == "nan" ? NAN : json == "inf" ? INFINITY : -INFINITY;
  return json.get<double>();
}

Tensor tensor(const Json& json) {
  std::vector<double> data;
  for (const auto& each : json["data"]) data.push_back(number(each));
  const Shape shape(json["shape"].get<std::vector<std::int64_t>>());
  return cast(constant(data, shape), DTypePolicy(json["dtype"].get<std::string>()).variable_dtype());
}

TensorList tensors(const Json& list) {
  TensorList all;
  for (const auto& each : list) all.push_back(tensor(each));
  return all;
}

void check_close(const Tensor& got, const Tensor& want, double rtol, double atol, const std::string& what) {
  REQUIRE_MESSAGE(got.shape() == want.shape(), what);
  const auto a = cast(got, float64).to_vector<double>(), b = cast(want, float64).to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK_MESSAGE(std::abs(a[i] - b[i]) <= atol + rtol * std::abs(b[i]), what, " element ", i, ": ", a[i],
                  " instead of ", b[i]);
  }
}

void check_outputs(Model& model, const Json& given) {
  const TensorList outputs = model.predict(tensors(given["inputs"]));
  REQUIRE(outputs.size() == given["outputs"].size());
  const double rtol = given["tolerance"]["rtol"], atol = given["tolerance"]["atol"];
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check_close(outputs[i], tensor(given["outputs"][i]), rtol, atol, "output " + std::to_string(i));
  }
}

/// The layers in Keras's order, without ops.
std::vector<std::pair<std::string, std::string>> layers_of(Model& model) {
  std::vector<std::pair<std::string, std::string>> all;
  const Config config = model.config();
  const bool sequential = config.class_name() == "Sequential";
  for (const auto& each : *config["layers"].get<ConfigValue::List>()) {
    const Config& layer = *each.get<Config>();
    if (layer.module().starts_with("keras.src.ops")) continue;
    if (sequential && layer.class_name() == "InputLayer") continue;
    all.emplace_back(*layer["name"].get<std::string>(), layer.class_name());
  }
  return all;
}

void check_structure(Model& model, const Json& given) {
  CHECK(model.name() == given["name"].get<std::string>());
  CHECK(model.count_params() == given["count_params"].get<std::int64_t>());
  const auto layers = layers_of(model);
  REQUIRE(layers.size() == given["layers"].size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    CHECK(layers[i].first == given["layers"][i]["name"].get<std::string>());
    CHECK(layers[i].second == given["layers"][i]["class_name"].get<std::string>());
  }
}

void check_weights(Model& model, const Json& given) {
  std::size_t found = 0;
  for (const auto& group : detail::keras_groups(model)) {
    for (std::size_t i = 0; i < group.variables.size(); ++i) {
      const std::string path = (group.path.empty() ? "" : group.path + "/") + "vars/" + std::to_string(i);
      for (const auto& weight : given) {
        if (!weight.contains("h5_path") || weight["h5_path"] != path) continue;
        ++found;
        const auto values = cast(group.variables[i].peek(), float64).to_vector<double>();
        double sum = 0, sum_abs = 0;
        for (const double value : values) {
          sum += value;
          sum_abs += std::abs(value);
        }
        CHECK_MESSAGE(sum == doctest::Approx(number(weight["sum"])).epsilon(1e-9), path);
        CHECK_MESSAGE(sum_abs == doctest::Approx(number(weight["sum_abs"])).epsilon(1e-9), path);
        CHECK_MESSAGE(values[0] == number(weight["first"]), path);
      }
    }
  }
  std::size_t expected = 0;
  for (const auto& weight : given) expected += weight.contains("h5_path") ? 1 : 0;
  CHECK(found == expected);
}

void check_compiled(Model& model, const Json& given) {
  if (!given.contains("optimizer_class")) return;
  REQUIRE(model.compiled());
  optimizers::Optimizer& optimizer = model.optimizer();
  CHECK(optimizer.config().class_name() == given["optimizer_class"].get<std::string>());
  CHECK(optimizer.learning_rate() == doctest::Approx(number(given["learning_rate_now"])).epsilon(1e-6));
  const auto variables = optimizer.variables();
  REQUIRE(variables.size() == given["optimizer_variables"].size());
  for (std::size_t i = 0; i < variables.size(); ++i) {
    check_close(variables[i].peek(), tensor(given["optimizer_variables"][i]), 1e-6, 1e-9, variables[i].name());
  }
  if (!given.contains("evaluate")) return;
  const auto& evaluate = given["evaluate"];
  const auto weights = evaluate["sample_weight"];
  const Logs logs = model.evaluate(tensors(given["inputs"]), tensors(evaluate["y"]),
                                   {.batch_size = evaluate["batch_size"].get<std::int64_t>(),
                                    .verbose = 0,
                                    .sample_weight = weights.is_null() ? Tensor() : tensor(weights)});
  for (const auto& result : evaluate["results"].items()) {
    CHECK_MESSAGE(logs[result.key()] == doctest::Approx(number(result.value())).epsilon(1e-5), result.key());
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.starts_with("broken_")) all.push_back(name);
  }
  all.push_back("broken_base.json");
  std::sort(all.begin(), all.end());
  return all;
}

TEST_CASE("Keras's files: models have Keras's layers, weights, numbers and training state") {
  REQUIRE(cases().size() == 15);
  for (const auto& name : cases()) {
    {
      const Json given = json_file(name);
      const std::string what = given["what"];
      INFO(what);
      testing::TempDir temp;
      for (const auto& entry : given["files"].items()) {
        const std::string kind = entry.key(), path = folder() + entry.value().get<std::string>();
        INFO(path);
        if (kind == "weights_h5") {
          Model model = models::load_model(folder() + given["files"]["keras"].get<std::string>(), {.compile = false});
          for (auto variable : model.variables()) variable.assign(zeros_like(variable.peek()));
          const LoadedWeights report = model.load_weights(path);
          CHECK(report.loaded.size() == model.variables().size());
          CHECK(report.missing.empty());
          CHECK(report.unused.empty());
          CHECK(report.matched_by == "places");
          check_outputs(model, given);
          continue;
        }
        Model model = models::load_model(path);
        check_structure(model, given["model"]);
        check_outputs(model, given);
        check_weights(model, given["weights"]);
        if (kind == "keras" || !given.contains("h5_note")) check_compiled(model, given);
        // Saved by xtape and loaded again it is the same model.
        const std::string again = temp / "again.keras";
        model.save(again);
        Model loaded = models::load_model(again);
        CHECK_MESSAGE(loaded.config() == model.config(), loaded.config().str(), "\ninstead of\n", model.config().str());
        check_outputs(loaded, given);
        check_weights(loaded, given["weights"]);
        if (kind == "keras") check_compiled(loaded, given);
        model.save_weights(temp / "again.weights.h5");
        for (auto variable : loaded.variables()) variable.assign(zeros_like(variable.peek()));
        loaded.load_weights(temp / "again.weights.h5");
        check_outputs(loaded, given);
      }
    }
  }
}

TEST_CASE("Keras's files: damaged ones are DataErrors that name the file, and change nothing") {
  const Json base = json_file("broken_base.json");
  for (const std::string name :
       {"broken_class.json", "broken_not_zip.json", "broken_shape.json", "broken_truncated.json"}) {
    INFO(name);
    const Json given = json_file(name);
    const std::string path = folder() + given["files"]["file"].get<std::string>();
    std::string mentions = fs::path(path).filename().string();
    if (given["action"].get<std::string>().starts_with("load_model")) {
      CHECK_THROWS_WITH_AS(models::load_model(path), doctest::Contains(mentions.c_str()), DataError);
    } else {
      Model model = models::load_model(folder() + "broken_base.keras");
      CHECK_THROWS_WITH_AS(model.load_weights(path), doctest::Contains(mentions.c_str()), DataError);
      check_outputs(model, base);
    }
    if (given.contains("error_mentions")) {
      std::string text;
      try {
        models::load_model(path);
      } catch (const DataError& error) {
        text = error.message();
      }
      for (const auto& mention : given["error_mentions"]) {
        CHECK_MESSAGE(text.find(mention.get<std::string>()) != std::string::npos, text);
      }
    }
  }
}

}  // namespace
}  // namespace xtape
