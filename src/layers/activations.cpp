#include "xtape/layers/activations.hpp"

#include <limits>
#include <vector>

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::layers {

ReLU::ReLU(ReLUOptions options) : LayerBase(options), options_(std::move(options)) {
  const auto check = [](const char* what, double value) {
    if (!(value >= 0)) {
      detail::fail<ValueError>("ReLU", "{} of a ReLU layer cannot be a negative value. Received: {}={}", what, what,
                               value);
    }
  };
  check("max_value", options_.max_value.value_or(0));
  check("negative_slope", options_.negative_slope);
  check("threshold", options_.threshold);
  set_supports_masking(true);
}

Tensor ReLU::call(const Tensor& inputs) {
  return nn::relu(
      inputs,
      {.negative_slope = options_.negative_slope, .max_value = options_.max_value, .threshold = options_.threshold});
}

LeakyReLU::LeakyReLU(double negative_slope, ActivationLayerOptions options)
    : LayerBase(options, {{"negative_slope", negative_slope}}), negative_slope_(negative_slope) {
  if (!(negative_slope >= 0)) {
    detail::fail<ValueError>("LeakyReLU",
                             "The negative_slope value of a Leaky ReLU layer cannot be a negative value. Received: "
                             "negative_slope={}",
                             negative_slope);
  }
  set_supports_masking(true);
}

Tensor LeakyReLU::call(const Tensor& inputs) { return nn::leaky_relu(inputs, negative_slope_); }

ELU::ELU(double alpha, ActivationLayerOptions options) : LayerBase(options, {{"alpha", alpha}}), alpha_(alpha) {
  set_supports_masking(true);
}

Tensor ELU::call(const Tensor& inputs) { return nn::elu(inputs, alpha_); }

Softmax::Softmax(Axes axis, ActivationLayerOptions options)
    : LayerBase(options, {{"axis", axis}}), axis_(std::move(axis)) {
  set_supports_masking(true);
}

Tensor Softmax::call(const Tensor& inputs) {
  const Tensor mask = get_mask(inputs);
  bool along = false;
  for (const int given : axis_.axes()) {
    const int axis = detail::expect_axis_inside(*this, inputs.shape(), given);
    along = along || (mask.defined() && axis < mask.rank() && mask.shape()[axis] > 1);
  }
  if (!along) return normalize(inputs, {});
  std::vector<std::int64_t> sizes(mask.shape().begin(), mask.shape().end());
  sizes.resize(static_cast<std::size_t>(inputs.rank()), 1);
  return normalize(inputs, reshape(mask, sizes));
}

TensorList Softmax::call_list(const TensorList& inputs) {
  if (inputs.size() != 2 || inputs[1].dtype() != boolean) return Layer::call_list(inputs);
  const Tensor &x = inputs[0], &mask = inputs[1];
  for (const int axis : axis_.axes()) (void)detail::expect_axis_inside(*this, x.shape(), axis);
  bool fits = mask.rank() <= x.rank();
  for (int axis = 1; fits && axis <= mask.rank(); ++axis) {
    fits = mask.shape(-axis) == 1 || mask.shape(-axis) == x.shape(-axis);
  }
  if (!fits) {
    detail::fail<ValueError>("Softmax", "expected a mask that broadcasts to inputs of shape {}, received shape {}",
                             x.shape(), mask.shape());
  }
  return normalize(x, mask);
}

Tensor Softmax::normalize(const Tensor& inputs, const Tensor& mask) const {
  // Finite, so that a row without any element gives finite numbers, which zeros then replace.
  constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
  const Tensor x = mask.defined() ? where(mask, inputs, lowest) : inputs;
  const Tensor y =
      axis_.axes().size() == 1 ? nn::softmax(x, axis_.axes()[0]) : exp(x - reduce_logsumexp(x, axis_, true));
  return mask.defined() ? where(mask, y, 0) : y;
}

}  // namespace xtape::layers
