#include "base/dtype_errors.hpp"

#include "base/check.hpp"

namespace xtape::detail {

void fail_floating(const char* op, DType received, const char* what) {
  fail<TypeError>(op, "expected {}, received {}: cast it, as cast(x, float32)", what, received);
}

void fail_integer(const char* op, DType received, const char* what) {
  fail<TypeError>(op, "expected {}, received {}: cast them, as cast(x, int64)", what, received);
}

void fail_boolean(const char* op, DType received, const char* what) {
  fail<TypeError>(op, "expected {}, received {}: compare it, as x != 0", what, received);
}

void fail_numeric(const char* op) {
  fail<TypeError>(op, "expected a numeric tensor, received bool: cast it, as cast(x, int32)");
}

void fail_mixed(const char* op, DType a, DType b) {
  // Suggests the cast that loses least: to the floating dtype, otherwise to the wider one.
  const bool to_a = is_floating(a) != is_floating(b) ? is_floating(a) : itemsize(a) >= itemsize(b);
  fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them, as cast(x, {})", a, b, to_a ? a : b);
}

}  // namespace xtape::detail
