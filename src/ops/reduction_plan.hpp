#pragma once

#include <cstdint>

#include "xtape/base/memory.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::detail {

/// How a reduction changes a shape.
struct ReductionPlan {
  Shape kept;              ///< the shape with reduced axes of size 1
  Shape squeezed;          ///< the shape without the reduced axes
  std::int64_t count = 1;  ///< the number of elements per result
  detail::PoolVector<std::uint8_t> reduced;
};

/// Throws an IndexError for an axis outside the rank, a ValueError for one given twice.
ReductionPlan reduction_plan(const char* op, const Shape& shape, const Axes& axes);

/// sqrt(sum(x^2)) over the reduced axes, which are kept with size 1, for float32 or float64. Squares of large or small
/// elements do not overflow or underflow. Not recorded.
Tensor euclidean_norm(const Tensor& x, const ReductionPlan& plan);

}  // namespace xtape::detail
