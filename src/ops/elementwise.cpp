#include "ops/elementwise.hpp"

namespace xtape::detail {

void fail_domain(const char* op, Domain domain, DType received) {
  fail<TypeError>(op, "expected a {} tensor, received {}", domain == Domain::floating ? "floating" : "numeric",
                  received);
}

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int missing = out.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    std::int64_t& size = out[axis + missing];
    if (size == 1) {
      size = shorter[axis];
    } else if (shorter[axis] != 1 && shorter[axis] != size) {
      fail<ValueError>(op, "shapes do not broadcast: {} and {}", a, b);
    }
  }
  return out;
}

DType mixed_dtype(const char* op, const Tensor& a, const Tensor& b) {
  const DType x = a.dtype(), y = b.dtype();
  // A plain number takes the other's dtype, unless that would lose its fraction.
  const auto adopts = [](const Tensor& number, DType other) {
    return number.impl()->weak && other != boolean && (is_floating(other) || !is_floating(number.dtype()));
  };
  if (adopts(a, y) && !b.impl()->weak) return y;
  if (adopts(b, x) && !a.impl()->weak) return x;
  if (a.impl()->weak && b.impl()->weak) return is_floating(x) ? x : y;
  if (x == y) return x;
  fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them", x, y);
}

}  // namespace xtape::detail
