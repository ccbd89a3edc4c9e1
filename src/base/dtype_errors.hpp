#pragma once

#include "xtape/base/dtype.hpp"

// The TypeErrors for operands of the wrong dtype. Each says how to convert the operand.
namespace xtape::detail {

[[noreturn, gnu::cold]] void fail_floating(const char* op, DType received, const char* what);
[[noreturn, gnu::cold]] void fail_integer(const char* op, DType received, const char* what);
[[noreturn, gnu::cold]] void fail_boolean(const char* op, DType received, const char* what);
[[noreturn, gnu::cold]] void fail_numeric(const char* op);
/// "dtypes differ: int32 and float32, cast one of them, as cast(x, float32)".
[[noreturn, gnu::cold]] void fail_mixed(const char* op, DType a, DType b);

/// Throws unless `received` is floating: "expected {a floating tensor}, received uint8: cast it, as cast(x, float32)".
inline void expect_floating(const char* op, DType received, const char* what = "a floating tensor") {
  if (!is_floating(received)) fail_floating(op, received, what);
}
/// Throws unless `received` is an integer dtype: "expected {integer indices}, received float32: cast them, as cast(x,
/// int64)".
inline void expect_integer(const char* op, DType received, const char* what) {
  if (!is_integer(received)) fail_integer(op, received, what);
}
/// Throws unless `received` is bool: "expected {a bool tensor}, received int32: compare it, as x != 0".
inline void expect_boolean(const char* op, DType received, const char* what = "a bool tensor") {
  if (received != DType::boolean) fail_boolean(op, received, what);
}
/// Throws if `received` is bool: "expected a numeric tensor, received bool: cast it, as cast(x, int32)".
inline void expect_numeric(const char* op, DType received) {
  if (received == DType::boolean) fail_numeric(op);
}
inline void expect_same_dtype(const char* op, DType a, DType b) {
  if (a != b) fail_mixed(op, a, b);
}

}  // namespace xtape::detail
