#include "xtape/layers/cropping.hpp"

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {
namespace {

void check_cropping(const char* where, const Margins& cropping) {
  if (cropping.before < 0 || cropping.after < 0) {
    detail::fail<ValueError>(where, "`cropping` cannot be negative. Received: cropping=({}, {})", cropping.before,
                             cropping.after);
  }
}

Tensor cropped(const char* where, const Tensor& x, int axis, const Margins& cropping) {
  const std::int64_t size = x.shape()[axis], left = size - cropping.before - cropping.after;
  if (left < 1) {
    detail::fail<ValueError>(where,
                             "Values in `cropping` argument should be smaller than the corresponding spatial dimension "
                             "of the input. Received: input_shape={}, cropping=({}, {}) of axis {}",
                             x.shape(), cropping.before, cropping.after, axis);
  }
  return left == size ? x : slice_axis(x, axis, cropping.before, left);
}

}  // namespace

Cropping1D::Cropping1D(Margins cropping, CroppingOptions options)
    : LayerBase(options, {{"cropping", cropping}}), cropping_(cropping) {
  check_cropping("Cropping1D", cropping);
}

Tensor Cropping1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return cropped("Cropping1D", inputs, 1, cropping_);
}

Cropping2D::Cropping2D(Margins2d cropping, CroppingOptions options)
    : LayerBase(options, {{"cropping", cropping}}), cropping_(cropping) {
  check_cropping("Cropping2D", cropping.height);
  check_cropping("Cropping2D", cropping.width);
}

Tensor Cropping2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return cropped("Cropping2D", cropped("Cropping2D", inputs, 1, cropping_.height), 2, cropping_.width);
}

}  // namespace xtape::layers
