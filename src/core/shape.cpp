#include "xtape/core/shape.hpp"

#include <fmt/ranges.h>

#include "core/check.hpp"

namespace xtape {

std::int64_t Shape::at(int axis) const { return begin()[detail::normal_axis("Shape.at", axis, rank_)]; }

std::string Shape::str() const {
  if (rank_ == 1) return fmt::format("({},)", begin()[0]);
  return fmt::format("({})", fmt::join(begin(), end(), ", "));
}

namespace detail {

int normal_axis(const char* op, std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail<IndexError>(op, "axis {} is outside a tensor of rank {}, expected {} <= axis < {}", axis, rank, -rank, rank);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::int64_t checked_product(const char* op, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) fail<ValueError>(op, "a size of {} x {} elements does not fit", a, b);
  return product;
}

}  // namespace detail
}  // namespace xtape
