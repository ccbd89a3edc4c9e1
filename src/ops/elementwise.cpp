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

namespace {
/// The dtype of the tensor that a plain number is combined with, if an integer one can hold it: -1 would be 255 in
/// uint8.
DType check_fits(const char* op, const Tensor& number, DType dtype) {
  const double value = weak_value(number);
  if ((dtype == uint8 && !(value >= 0 && value <= 255)) ||
      (dtype == int32 && !(value >= INT32_MIN && value <= INT32_MAX))) {
    fail<ValueError>(op, "the number {} does not fit the other operand's dtype {}", value, dtype);
  }
  return dtype;
}
}  // namespace

DType mixed_dtype(const char* op, const Tensor& a, const Tensor& b) {
  const DType x = a.dtype(), y = b.dtype();
  // A plain number takes the other's dtype, unless that would lose its fraction.
  const auto adopts = [](const Tensor& number, DType other) {
    return number.impl()->weak && other != boolean && (is_floating(other) || !is_floating(number.dtype()));
  };
  if (adopts(a, y) && !b.impl()->weak) return check_fits(op, a, y);
  if (adopts(b, x) && !a.impl()->weak) return check_fits(op, b, x);
  if (a.impl()->weak && b.impl()->weak) {
    return is_floating(x) || (!is_floating(y) && itemsize(x) > itemsize(y)) ? x : y;
  }
  if (x == y) return x;
  fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them", x, y);
}

}  // namespace xtape::detail
