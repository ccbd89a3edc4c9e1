#include "xtape/layers/activations.hpp"

#include "core/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::layers {

ReLU::ReLU(ReLUOptions options) : LayerBase(options.name, options.dtype), options_(std::move(options)) {
  const auto check = [](const char* what, double value) {
    if (!(value >= 0)) {
      detail::fail<ValueError>("ReLU", "{} of a ReLU layer cannot be a negative value. Received: {}={}", what, what,
                               value);
    }
  };
  check("max_value", options_.max_value.value_or(0));
  check("negative_slope", options_.negative_slope);
  check("threshold", options_.threshold);
}

Tensor ReLU::call(const Tensor& inputs) {
  const auto& [max_value, slope, threshold, dtype, name] = options_;
  Tensor y = inputs;
  if (threshold == 0) {
    y = slope == 0 ? nn::relu(inputs) : nn::leaky_relu(inputs, slope);
  } else {
    y = where(inputs <= threshold, slope == 0 ? Tensor(0) : (inputs - threshold) * slope, inputs);  // NaN stays
  }
  return max_value ? minimum(y, *max_value) : y;
}

LeakyReLU::LeakyReLU(double negative_slope, ActivationLayerOptions options)
    : LayerBase(std::move(options.name), options.dtype), negative_slope_(negative_slope) {
  if (!(negative_slope >= 0)) {
    detail::fail<ValueError>("LeakyReLU",
                             "The negative_slope value of a Leaky ReLU layer cannot be a negative value. Received: "
                             "negative_slope={}",
                             negative_slope);
  }
}

Tensor LeakyReLU::call(const Tensor& inputs) { return nn::leaky_relu(inputs, negative_slope_); }

Tensor ELU::call(const Tensor& inputs) { return nn::elu(inputs, alpha_); }

Tensor Softmax::call(const Tensor& inputs) {
  for (const int axis : axis_.axes()) (void)detail::expect_axis_inside(*this, inputs.shape(), axis);
  if (axis_.axes().size() == 1) return nn::softmax(inputs, axis_.axes()[0]);
  return exp(inputs - reduce_logsumexp(inputs, axis_, true));
}

}  // namespace xtape::layers
