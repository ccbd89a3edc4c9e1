#include "xtape/layers/zero_padding.hpp"

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/padding.hpp"

namespace xtape::layers {
namespace {

void check_padding(const char* where, const Margins& padding) {
  if (padding.before < 0 || padding.after < 0) {
    detail::fail<ValueError>(where, "`padding` cannot be negative. Received: padding=({}, {})", padding.before,
                             padding.after);
  }
}

}  // namespace

ZeroPadding1D::ZeroPadding1D(Margins padding, ZeroPaddingOptions options)
    : LayerBase(options, {{"padding", padding}}), padding_(padding) {
  check_padding("ZeroPadding1D", padding);
}

Tensor ZeroPadding1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return pad(inputs, {{0, 0}, {padding_.before, padding_.after}, {0, 0}});
}

ZeroPadding2D::ZeroPadding2D(Margins2d padding, ZeroPaddingOptions options)
    : LayerBase(options, {{"padding", padding}}), padding_(padding) {
  check_padding("ZeroPadding2D", padding.height);
  check_padding("ZeroPadding2D", padding.width);
}

Tensor ZeroPadding2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  const auto& [height, width] = padding_;
  return pad(inputs, {{0, 0}, {height.before, height.after}, {width.before, width.after}, {0, 0}});
}

}  // namespace xtape::layers
