#pragma once

#include <cstdint>
#include <utility>

#include "core/launch.hpp"

namespace xtape::detail {

using ReductionKernel = void (*)(DType, const void* from, void* to, std::int64_t outer, std::int64_t count,
                                 std::int64_t inner);

/// x with the axes for which reduced(axis) holds reduced to size 1; x itself where there is none. The kernel runs once
/// for every group of neighbouring axes, the innermost first. Not recorded.
template <class Reduced>
Tensor reduce_axes(ReductionKernel kernel, const Tensor& x, const Reduced& reduced, const char* op) {
  Tensor current = x;
  Shape shape = x.shape();
  for (int end = x.rank(); end > 0;) {
    int begin = end - 1;
    if (!reduced(begin)) {
      end = begin;
      continue;
    }
    while (begin > 0 && reduced(begin - 1)) --begin;
    std::int64_t outer = 1, count = 1, inner = 1;
    for (int axis = 0; axis < begin; ++axis) outer *= shape[axis];
    for (int axis = begin; axis < end; ++axis) count *= std::exchange(shape[axis], 1);
    for (int axis = end; axis < x.rank(); ++axis) inner *= shape[axis];
    Tensor next = make_tensor(shape, x.dtype(), op);
    launch([kernel, outer, count, inner](
               Read from, Write to) { kernel(from.dtype(), from.bytes(), to.bytes(), outer, count, inner); },
           current, next);
    current = std::move(next);
    end = begin;
  }
  return current;
}

}  // namespace xtape::detail
