#include "xtape/base/shape.hpp"

#include <fmt/ranges.h>

#include "base/check.hpp"
#include "base/sizes.hpp"

namespace xtape {

void Shape::throw_outside(const char* op, int axis) const {
  detail::normal_axis(op, axis, rank_);
  __builtin_unreachable();
}

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

std::int64_t checked_numel(const char* op, const Shape& shape) {
  std::int64_t product = 1;
  bool fits = true, empty = false;
  for (const auto size : shape) {
    empty = empty || size == 0;
    fits = fits && size >= 0 && !__builtin_mul_overflow(product, size == 0 ? 1 : size, &product);
  }
  if (!fits) fail<ValueError>(op, "sizes must not be negative and their product must fit: {}", shape);
  return empty ? 0 : product;
}

std::int64_t checked_product(const char* op, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) fail<ValueError>(op, "a size of {} x {} elements does not fit", a, b);
  return product;
}

}  // namespace detail
}  // namespace xtape
