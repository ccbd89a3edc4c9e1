#include <set>

#include "libtorch/torch_modules.hpp"
#include "models/pytorch_rows.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;

namespace {

torch_ops::Array to_array(const Tensor& t) {
  return {cast(t, float64).to_vector<double>(), {t.shape().begin(), t.shape().end()}};
}
Tensor to_tensor(const torch_ops::Array& a) { return cast(constant(a.values, Shape(a.shape)), float32); }

std::vector<Tensor> to_tensors(const std::vector<torch_ops::Array>& arrays) {
  std::vector<Tensor> tensors;
  for (const auto& array : arrays) tensors.push_back(to_tensor(array));
  return tensors;
}

}  // namespace

TEST_CASE("libtorch: a module's state dict in a layer computes what the module does") {
  const testing::TempDir temp;
  for (const auto& row : testing::pytorch_rows()) {
    CAPTURE(row.name);
    const auto computed = torch_modules::save(row.name, temp / "m.pt");
    Model model = row.make();
    const auto report = model.load_weights(temp / "m.pt", {.layout = "pytorch", .rename = row.rename});
    CHECK(report.loaded.size() == model.variables().size());
    CHECK(report.missing.empty());
    CHECK(report.unused.empty());
    CHECK_CLOSE(row.run(model, to_tensors(computed.inputs)), to_tensor(computed.output), 1e-5, 1e-5);
  }
}

TEST_CASE("libtorch: a layer's weights in a module compute what the layer does") {
  const testing::TempDir temp;
  random::Generator generator(8);
  for (const auto& row : testing::pytorch_rows()) {
    CAPTURE(row.name);
    Model model = row.make();
    for (auto variable : model.variables()) {
      const Tensor value = generator.uniform(variable.shape(), -0.8, 0.8);
      variable.assign(variable.name().find("moving_variance") != std::string::npos ? value + 1.3 : value);
    }
    model.save_weights(temp / "m.safetensors", {.layout = "pytorch"});
    std::map<std::string, torch_ops::Array> state;
    for (const auto& [name, value] : io::load_safetensors(temp / "m.safetensors").tensors) {
      // The second layer of an LSTM is another LSTM here.
      const bool second = name.starts_with("m2.");
      const std::string key = second ? "m." + name.substr(3, name.size() - 4) + "1" : name;
      state[key] = to_array(value);
    }
    const auto inputs = torch_modules::save(row.name, temp / "m.pt").inputs;
    CHECK_CLOSE(row.run(model, to_tensors(inputs)), to_tensor(torch_modules::run(row.name, state, inputs)), 1e-5, 1e-5);
  }
}

TEST_CASE("libtorch: each module is compared") {
  std::set<std::string> rows;
  for (const auto& row : testing::pytorch_rows()) rows.insert(row.name);
  const auto names = torch_modules::names();
  CHECK(rows == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("libtorch: writes modules.pt, the file of the tests that have no libtorch" * doctest::skip()) {
  torch_modules::save_all("modules.pt");
}
