#include "layers/keras_models.hpp"

#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "xtape/core/random.hpp"
#include "xtape/io/npz.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::testing {

void write_keras_model(const LayerRow& row) {
  const char* folder = std::getenv("XTAPE_KERAS_MODELS");
  if (folder == nullptr || row.layer == "Lambda") return;
  static int number = 0;
  const AnyLayer layer = row.make(float32);
  const TensorList data = layer_inputs(row, float32);
  SymbolicList inputs;
  for (const auto& tensor : data) {
    const Shape& shape = tensor.shape();
    inputs.push_back(
        Input(Shape(std::span<const std::int64_t>(shape.begin() + 1, shape.end())), {.dtype = tensor.dtype()}));
  }
  Model model(inputs, layer->outputs(inputs));
  random::Generator generator(7);
  for (auto variable : model.variables()) {  // also what begins as zeros or ones; variances stay positive
    if (is_floating(variable.dtype()))
      variable.assign(generator.uniform(variable.shape(), 0.25, 1.0, variable.dtype()));
  }
  const TensorList outputs = model.predict(data);
  io::NamedTensors tensors;
  for (std::size_t i = 0; i < data.size(); ++i) tensors.emplace_back(fmt::format("in{}", i), data[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i) tensors.emplace_back(fmt::format("out{}", i), outputs[i]);
  const std::string path = fmt::format("{}/{:03}_{}", folder, number++, row.layer);
  model.save(path + ".keras");
  io::save_npz(path + ".npz", tensors);
}

}  // namespace xtape::testing
