#include "xtape/layers/layer_normalization.hpp"

#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/normalization.hpp"

namespace xtape::layers {

LayerNormalization::LayerNormalization(LayerNormalizationOptions options)
    : LayerBase(options), options_(std::move(options)) {
  detail::check_epsilon("LayerNormalization", options_.epsilon);
  set_supports_masking(true);
}

void LayerNormalization::build(const Shape& input_shape) {
  std::vector<std::int64_t> sizes;
  axes_ = detail::expect_axes_inside(*this, input_shape, options_.axis);
  for (const int axis : axes_) sizes.push_back(input_shape[axis]);
  sizes_ = Shape(sizes);
  if (options_.scale) gamma_ = add_weight("gamma", sizes_, detail::gamma_options(options_));
  if (options_.center) beta_ = add_weight("beta", sizes_, detail::beta_options(options_));
}

Tensor LayerNormalization::call(const Tensor& inputs) {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    detail::expect_axis(*this, inputs.shape(), axes_[i], sizes_[static_cast<int>(i)]);
  }
  detail::warn_of_padding_in(*this, inputs, axes_);
  const Tensor y =
      nn::layer_norm(detail::widened(inputs), options_.scale ? detail::widened(gamma_) : Tensor(),
                     options_.center ? detail::widened(beta_) : Tensor(), {.axes = axes_, .epsilon = options_.epsilon});
  return y.dtype() == inputs.dtype() ? y : cast(y, inputs.dtype());
}

}  // namespace xtape::layers
