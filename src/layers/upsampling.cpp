#include "xtape/layers/upsampling.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {
namespace {

/// Linear interpolation along an axis: `factor` elements for each element.
Tensor interpolated(const Tensor& x, int axis, std::int64_t factor) {
  if (factor == 1) return x;
  const std::int64_t size = x.shape()[axis];
  std::vector<std::int64_t> before, after;
  std::vector<double> shares;
  for (std::int64_t i = 0; i < size * factor; ++i) {
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5;
    const auto left = static_cast<std::int64_t>(std::floor(place));
    before.push_back(std::max<std::int64_t>(left, 0));
    after.push_back(std::min(left + 1, size - 1));
    shares.push_back(place - std::floor(place));
  }
  std::vector<std::int64_t> along(static_cast<std::size_t>(x.rank()), 1);
  along[static_cast<std::size_t>(axis)] = size * factor;
  const Tensor share = cast(constant(shares, along), x.dtype());
  return gather(x, constant(before), axis) * (1 - share) + gather(x, constant(after), axis) * share;
}

bool is_bilinear(const std::string& interpolation) {
  if (interpolation != "nearest" && interpolation != "bilinear") {
    detail::fail<ValueError>("UpSampling2D", "unknown interpolation '{}', expected one of: nearest, bilinear",
                             interpolation);
  }
  return interpolation == "bilinear";
}

}  // namespace

UpSampling1D::UpSampling1D(std::int64_t size, UpSampling1DOptions options)
    : LayerBase(options, {{"size", size}}), size_(size) {
  detail::check_positive("UpSampling1D", "size", size);
}

Tensor UpSampling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return repeat(inputs, size_, 1);
}

UpSampling2D::UpSampling2D(Size2d size, UpSampling2DOptions options)
    : LayerBase(options, {{"size", size}}), size_(size), bilinear_(is_bilinear(options.interpolation)) {
  detail::check_positive("UpSampling2D", "size", size);
}

Tensor UpSampling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  if (bilinear_) return interpolated(interpolated(inputs, 1, size_.height), 2, size_.width);
  return repeat(repeat(inputs, size_.height, 1), size_.width, 2);
}

}  // namespace xtape::layers
