#include "xtape/layers/rms_normalization.hpp"

#include "layers/input_checks.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

RMSNormalization::RMSNormalization(RMSNormalizationOptions options) : LayerBase(options), options_(std::move(options)) {
  detail::check_epsilon("RMSNormalization", options_.epsilon);
  set_supports_masking(true);
}

void RMSNormalization::build(const Shape& input_shape) {
  std::vector<std::int64_t> sizes;
  axes_ = detail::expect_axes_inside(*this, input_shape, options_.axis);
  for (const int axis : axes_) sizes.push_back(input_shape[axis]);
  scale_ = add_weight("scale", Shape(sizes), {.initializer = "ones", .autocast = false});
}

Tensor RMSNormalization::call(const Tensor& inputs) {
  const Shape& sizes = scale_.shape();
  Shape along = inputs.shape();  // of the scale, with size 1 for the other axes
  for (std::int64_t& size : along) size = 1;
  for (int i = 0; i < sizes.rank(); ++i) {
    const int axis = axes_[static_cast<std::size_t>(i)];
    detail::expect_axis(*this, inputs.shape(), axis, sizes[i]);
    along[axis] = sizes[i];
  }
  detail::warn_of_padding_in(*this, inputs, axes_);
  const Tensor x = detail::widened(inputs), scale = detail::widened(scale_);
  const Tensor inverse = rsqrt(reduce_mean(square(x), axes_, true) + options_.epsilon);
  const Tensor y = x * inverse * reshape(scale, along);
  return y.dtype() == inputs.dtype() ? y : cast(y, inputs.dtype());
}

}  // namespace xtape::layers
