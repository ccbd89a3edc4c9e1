// Every row of the tables of layers, exported and run by ONNX Runtime.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "layers/all_rows.hpp"
#include "layers/layer_state.hpp"
#include "onnxruntime/cases.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/masking.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::testing {
namespace {

/// Weights that are not what they begin with, such as the zeros and ones of a normalization.
void change_weights(Layer& layer) {
  std::vector<Tensor> weights;
  double at = 0.3;
  for (const Tensor& weight : layer.get_weights()) {
    std::vector<double> values(static_cast<std::size_t>(weight.size()));
    for (double& value : values) value = 0.1 + 0.8 * (at = std::fmod(at + 0.6180339887498949, 1));
    const Tensor some = reshape(cast(constant(values), weight.dtype()), weight.shape());
    weights.push_back(is_floating(weight.dtype()) ? weight * cast(constant(0.5), weight.dtype()) + some * 0.5 : weight);
  }
  layer.set_weights(weights);
}

/// Whether the row has C++ code of a user: a Lambda, or an RNN with a cell of the test's own.
bool is_own_code(const LayerRow& row) { return row.layer == "Lambda" || row.layer == "RNN"; }

std::string shown(const LayerRow& row, std::size_t number) { return fmt::format("{} (row {})", row.layer, number); }

SymbolicList inputs_of(const LayerRow& row, bool free_time) {
  SymbolicList inputs;
  for (const auto& input : row.inputs) {
    std::vector<std::int64_t> sample(input.shape.begin() + 1, input.shape.end());
    if (free_time && sample.size() == 2) sample[0] = -1;
    inputs.push_back(Input(Shape(sample), {.dtype = input.dtype.value_or(float32)}));
  }
  return inputs;
}

bool takes_mask(const LayerInput& input) { return input.shape.rank() > 2 && input.dtype.value_or(float32) == float32; }

/// Zeros where Masking finds a mask.
Tensor with_zeros(const Tensor& x, std::int64_t number) {
  const Shape steps(std::vector<std::int64_t>(x.shape().begin(), x.shape().end() - 1));
  std::vector<double> kept;
  for (std::int64_t i = 0; i < steps.numel(); ++i) {
    // The first sample has no step at all.
    kept.push_back((i * 5 + number) % 3 != 1 && i >= steps.numel() / steps[0] ? 1 : 0);
  }
  return x * expand_dims(cast(constant(kept, steps), x.dtype()), -1);
}

}  // namespace

TEST_CASE("ONNX Runtime: every row of the tables of layers") {
  if (!OnnxRuntimeCases::available()) return;
  constexpr int opsets[] = {17, 13, 18, 21};
  OnnxRuntimeCases cases;
  for (std::size_t i = 0; i < all_layer_rows().size(); ++i) {
    const LayerRow& row = all_layer_rows()[i];
    if (is_own_code(row)) continue;
    CAPTURE(row.layer);
    AnyLayer layer = row.make(float32);
    const SymbolicList inputs = inputs_of(row, false);
    Model model(inputs, layer->outputs(inputs));
    change_weights(model);
    cases.add(shown(row, i), model, {layer_inputs(row, float32, 1), layer_inputs(row, float32, 7)},
              {.opset = opsets[i % 4]});
  }
  CHECK(cases.size() >= 100);
  cases.check();
}

TEST_CASE("ONNX Runtime: every row, with masks of its inputs") {
  if (!OnnxRuntimeCases::available()) return;
  const WarningCapture warnings;  // of dropped masks
  OnnxRuntimeCases cases;
  for (std::size_t i = 0; i < all_layer_rows().size(); ++i) {
    const LayerRow& row = all_layer_rows()[i];
    if (std::none_of(row.inputs.begin(), row.inputs.end(), takes_mask)) continue;
    if (is_own_code(row)) continue;
    CAPTURE(row.layer);
    AnyLayer layer = row.make(float32);
    const SymbolicList inputs = inputs_of(row, false);
    SymbolicList masked;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      masked.push_back(takes_mask(row.inputs[k]) ? layers::Masking()(inputs[k]) : inputs[k]);
    }
    std::vector<TensorList> data;
    for (const std::int64_t batch : {1, 7}) {
      TensorList given = layer_inputs(row, float32, batch);
      for (std::size_t k = 0; k < inputs.size(); ++k) {
        if (takes_mask(row.inputs[k])) given[k] = with_zeros(given[k], static_cast<std::int64_t>(k));
      }
      data.push_back(given);
    }
    SymbolicList outputs = layer->outputs(masked);
    // The mask of a sequence changes the mean.
    if (outputs.front().shape().rank() == 3) outputs.push_back(layers::GlobalAveragePooling1D()(outputs.front()));
    Model model(inputs, outputs);
    change_weights(model);
    try {
      (void)model(data[1]);
    } catch (const ValueError&) {
      continue;  // a layer that takes no such mask
    }
    cases.add(shown(row, i) + " with masks", model, data);
  }
  CHECK(cases.size() >= 30);
  cases.check();
}

TEST_CASE("ONNX Runtime: every row of sequences whose length is open") {
  if (!OnnxRuntimeCases::available()) return;
  OnnxRuntimeCases cases;
  for (std::size_t i = 0; i < all_layer_rows().size(); ++i) {
    const LayerRow& row = all_layer_rows()[i];
    if (row.inputs.empty() || row.inputs.front().shape.rank() != 3) continue;
    if (is_own_code(row)) continue;
    CAPTURE(row.layer);
    AnyLayer layer = row.make(float32);
    const SymbolicList inputs = inputs_of(row, true);
    SymbolicList outputs;
    try {
      outputs = layer->outputs(inputs);
    } catch (const Error&) {
      continue;  // a layer that needs the length
    }
    Model model(inputs, outputs);
    change_weights(model);
    cases.add(shown(row, i) + " of any length", model, {layer_inputs(row, float32, 1), layer_inputs(row, float32, 7)});
  }
  CHECK(cases.size() >= 30);
  cases.check();
}

}  // namespace xtape::testing
