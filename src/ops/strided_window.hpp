#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A part of an array, given by the positions of its elements: slices with steps, reversed axes, diagonals. No element
/// occurs twice.
struct StridedWindow {
  const char* op;  ///< the name of the op that reads it; a string literal
  Shape shape, strides;
  std::int64_t offset = 0;
  Shape whole;  ///< the shape of the array
};

/// The elements of the window, shared with x if they are contiguous.
Tensor read_window(const Tensor& x, const StridedWindow& window);
/// Zeros with the elements of dy in the window: the gradient of read_window, whose own gradient is read_window.
Tensor fill_window(const char* op, const Tensor& dy, const StridedWindow& window);

}  // namespace xtape::detail
