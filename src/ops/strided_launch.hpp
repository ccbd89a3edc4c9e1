#pragma once

#include <cstring>

#include "core/launch.hpp"
#include "kernels/strided.hpp"

namespace xtape::detail {

/// Fills y from the elements of x at `offset` with the given strides.
inline void launch_strided_copy(const Tensor& x, std::int64_t offset, const Shape& strides, const Tensor& y) {
  launch(
      [offset, strides](Read from, Write to) {
        kernels::strided_copy(from.dtype(), to.shape(),
                              from.bytes() + offset * static_cast<std::int64_t>(itemsize(from.dtype())), strides,
                              to.bytes());
      },
      x, y);
}

/// Fills y with zeros, and with the elements of x at `offset` with the given strides.
inline void launch_strided_store(const Tensor& x, std::int64_t offset, const Shape& strides, const Tensor& y) {
  launch(
      [offset, strides](Read from, Write to) {
        std::memset(to.bytes(), 0, static_cast<std::size_t>(to.size_in_bytes()));
        if (from.size() > 0) {
          const auto bytes = static_cast<std::int64_t>(itemsize(to.dtype()));
          kernels::strided_store(from.dtype(), from.shape(), from.bytes(), to.bytes() + offset * bytes, strides);
        }
      },
      x, y);
}

}  // namespace xtape::detail
