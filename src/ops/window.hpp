#pragma once

#include "kernels/window.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {

/// The window of a convolution or pooling along one axis ("height" or "width"), by the rules of Padding. Throws a
/// ValueError for numbers below 1 and a window that does not fit.
kernels::Window make_window(const char* op, const char* axis, std::int64_t in, std::int64_t size, std::int64_t stride,
                            std::int64_t dilation, Padding padding);

}  // namespace xtape::detail
