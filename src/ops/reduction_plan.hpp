#pragma once

#include <cstdint>

#include "xtape/base/memory.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::detail {

/// What a reduction does to a shape.
struct ReductionPlan {
  Shape kept;              ///< reduced axes of size 1
  Shape squeezed;          ///< without the reduced axes
  std::int64_t count = 1;  ///< elements that become one
  detail::PoolVector<std::uint8_t> reduced;
};

/// Throws an IndexError for an axis outside the rank, a ValueError for one named twice.
ReductionPlan reduction_plan(const char* op, const Shape& shape, const Axes& axes);

/// sqrt(sum(x^2)) over the reduced axes, which are kept with size 1: float32 or float64, of elements of any size, not
/// recorded.
Tensor euclidean_norm(const Tensor& x, const ReductionPlan& plan);

}  // namespace xtape::detail
