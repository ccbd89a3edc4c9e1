#pragma once

#include <utility>

#include "base/pool.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {

/// Applies f, which works along the last axis, along another one, between two transposes.
template <class F>
Tensor through_last_axis(const Tensor& x, int axis, F&& f) {
  if (axis == x.rank() - 1) return f(x);
  PoolVector<int> swapped(static_cast<std::size_t>(x.rank()));
  for (int i = 0; i < x.rank(); ++i) swapped[static_cast<std::size_t>(i)] = i;
  std::swap(swapped[static_cast<std::size_t>(axis)], swapped.back());
  return transpose(f(transpose(x, swapped)), swapped);
}

}  // namespace xtape::detail
