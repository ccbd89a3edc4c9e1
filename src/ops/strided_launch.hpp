#pragma once

#include <cstring>

#include "core/launch.hpp"
#include "kernels/strided.hpp"

namespace xtape::detail {

/// y, all of it, from the elements of x that stand `strides` apart, `offset` elements behind the first.
inline void launch_strided_copy(const Tensor& x, std::int64_t offset, const Shape& strides, const Tensor& y) {
  launch(
      1,
      [offset, strides](const Operands& of) {
        TensorImpl &from = *of[0].impl(), &to = *of[1].impl();
        kernels::strided_copy(from.dtype, to.shape,
                              from.data() + offset * static_cast<std::int64_t>(itemsize(from.dtype)), strides,
                              to.data());
      },
      x, y);
}

/// Zeros, and the elements of x `strides` apart from each other, `offset` elements behind the first.
inline void launch_strided_store(const Tensor& x, std::int64_t offset, const Shape& strides, const Tensor& y) {
  launch(
      1,
      [offset, strides](const Operands& of) {
        TensorImpl &from = *of[0].impl(), &to = *of[1].impl();
        const auto bytes = static_cast<std::int64_t>(itemsize(to.dtype));
        std::memset(to.data(), 0, static_cast<std::size_t>(to.numel * bytes));
        if (from.numel > 0) {
          kernels::strided_store(from.dtype, from.shape, from.data(), to.data() + offset * bytes, strides);
        }
      },
      x, y);
}

}  // namespace xtape::detail
