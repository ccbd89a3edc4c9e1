// The applications have the layers, weights, shapes and outputs of Keras's. The numbers are Keras's own.
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/shapes_only.hpp"
#include "models/keras_weights.hpp"
#include "support/check.hpp"
#include "support/header_scan.hpp"
#include "support/make_application.hpp"
#include "support/source_dir.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape {
namespace {

using Json = nlohmann::ordered_json;

std::string fixture(const std::string& name) {
  return testing::source_dir() + "/tests/data/fixtures/applications/" + name;
}

Json json_fixture(const std::string& name) {
  std::ifstream in(fixture(name));
  return Json::parse(in);
}

Shape shape_of(const Json& json) { return Shape(json.get<std::vector<std::int64_t>>()); }

/// A model whose weights have shapes but no elements, so that large ones cost nothing.
Model without_elements(const std::string& name, const Json& options) {
  const detail::ShapesOnly shapes_only;
  return testing::make_application(name, options);
}

std::int64_t count(const std::vector<Variable>& variables) {
  std::int64_t n = 0;
  for (const auto& variable : variables) n += variable.shape().numel();
  return n;
}

TEST_CASE("applications: names, numbers of parameters and shapes are Keras's") {
  std::set<std::string> models;
  for (const Json& row : json_fixture("models.json")) {
    const std::string name = row["model"];
    CAPTURE(name);
    CAPTURE(row["options"].dump());
    models.insert(name);
    const Model model = without_elements(name, row["options"]);
    CHECK(model.name() == row["name"].get<std::string>());
    CHECK(model.count_params() == row["count_params"].get<std::int64_t>());
    CHECK(count(model.trainable_variables()) == row["trainable"].get<std::int64_t>());
    CHECK(model.input().shape() == shape_of(row["input_shape"]));
    CHECK(model.output().shape() == shape_of(row["output_shape"]));
  }
  CHECK(models.size() == 28);
}

TEST_CASE("applications: layers and weights have Keras's names, classes, shapes and order") {
  std::ifstream in(fixture("layers.txt"));
  std::map<std::string, std::vector<std::string>> expected;
  std::string current;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# "))
      current = line.substr(2);
    else
      expected[current].push_back(line);
  }
  CHECK(expected.size() == 13);
  for (const auto& model_and_lines : expected) {
    const std::string& title = model_and_lines.first;
    const auto& lines = model_and_lines.second;
    CAPTURE(title);
    const auto space = title.find(' ');
    Model model = without_elements(title.substr(0, space), Json::parse(title.substr(space)));
    std::map<std::string, std::string> shapes;  // of the weights of each layer
    for (const auto& group : detail::keras_groups(model)) {
      std::string& text = shapes[group.layer];
      for (const auto& variable : group.variables) {
        text += " (";
        for (int axis = 0; axis < variable.shape().rank(); ++axis) {
          text += (axis > 0 ? "," : "") + std::to_string(variable.shape()[axis]);
        }
        text += ")";
      }
    }
    std::vector<std::string> got;
    const Config config = model.config();
    for (const auto& each : *config["layers"].get<ConfigValue::List>()) {
      const Config& layer = *each.get<Config>();
      if (layer.module().starts_with("keras.src.ops")) continue;
      const std::string name = *layer["name"].get<std::string>();
      got.push_back(name + " " + layer.class_name() + shapes[name]);
      if (layer.class_name() != "Sequential") continue;
      for (const auto& inside : *layer["layers"].get<ConfigValue::List>()) {
        if (inside.get<Config>()->class_name() == "InputLayer") continue;
        const std::string inner = *(*inside.get<Config>())["name"].get<std::string>();
        got.push_back("  " + inner + shapes[inner]);
      }
    }
    REQUIRE(got.size() == lines.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == lines[i]);
  }
}

/// A number in [0, 1) for each element of the k-th tensor.
double hashed(std::uint64_t i, std::uint64_t k) {
  return static_cast<double>((i * 2654435761u + k * 40503u + 12345u) % 65536) / 65536;
}

Tensor filled(const Shape& shape, std::uint64_t k, double scale, double offset) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(hashed(i, k) * scale + offset);
  return constant(values, shape);
}

void fill(Model& model) {
  std::uint64_t k = 0;
  for (const auto& group : detail::keras_groups(model)) {
    for (std::size_t i = 0; i < group.variables.size(); ++i) {
      Variable variable = group.variables[i];
      if (!is_floating(variable.dtype())) continue;
      const Shape& shape = variable.shape();
      const std::string name = group.names[i].substr(group.names[i].rfind('/') + 1);
      double scale = 0.2, offset = -0.1;
      if (shape.rank() >= 2) {
        const bool depthwise = shape.rank() == 4 && shape.back() == 1;
        const std::int64_t fan = depthwise ? shape[0] * shape[1] : shape.numel() / shape.back();
        scale = std::sqrt(18 / static_cast<double>(fan));
        offset = -scale / 2;
      } else if (group.layer.ends_with("_layer_scale")) {
        scale = 1, offset = 0.5;
      } else if (name == "gamma" || name == "moving_variance" || name == "variance") {
        scale = 0.5, offset = 0.75;
      }
      variable.assign(filled(shape, k++, scale, offset));
    }
  }
}

TEST_CASE("applications: outputs are Keras's") {
  for (const Json& row : json_fixture("outputs.json")) {
    CAPTURE(row["model"].get<std::string>());
    CAPTURE(row["options"].dump());
    Model model = testing::make_application(row["model"], row["options"]);
    fill(model);
    const Tensor images = filled(shape_of(row["input"]), 999, row.value("scale", 2.0), -row.value("offset", 1.0));
    const Tensor y = model.predict(images, {.batch_size = 1});
    REQUIRE(y.shape() == shape_of(row["shape"]));
    const auto values = y.to_vector<float>();
    double sum = 0;
    for (const float value : values) sum += std::abs(static_cast<double>(value));
    const double mean = row["mean_abs"];
    CHECK(sum / static_cast<double>(values.size()) == doctest::Approx(mean).epsilon(1e-4));
    for (std::size_t i = 0; i < row["at"].size(); ++i) {
      const double want = row["values"][i], got = static_cast<double>(values[row["at"][i].get<std::size_t>()]);
      CHECK_MESSAGE(std::abs(got - want) < 1e-4 * std::abs(want) + 1e-4 * mean, got, " instead of ", want);
    }
  }
}

}  // namespace
}  // namespace xtape
