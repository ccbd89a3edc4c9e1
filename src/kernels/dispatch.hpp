#pragma once

#include <cstdint>
#include <utility>

#include "xtape/base/dtype.hpp"

namespace xtape::kernels {

/// A type as a value, to hand it to a generic lambda: `[&]<class T>(Type<T>) { ... }`.
template <class T>
struct Type {
  using type = T;
};

/// Calls f with the C++ type of any dtype.
template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(Type<float>{});
    case DType::float64:
      return f(Type<double>{});
    case DType::int32:
      return f(Type<std::int32_t>{});
    case DType::int64:
      return f(Type<std::int64_t>{});
    case DType::uint8:
      return f(Type<std::uint8_t>{});
    case DType::boolean:
      return f(Type<bool>{});
    case DType::bfloat16:
      break;
  }
  return f(Type<BFloat16>{});
}

/// Calls f with the C++ type of float32 or float64, for a dtype that is one of them.
template <class F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  if (dtype == DType::float64) return f(Type<double>{});
  return f(Type<float>{});
}

/// Calls f with the unsigned integer type of an element's size, for code that only moves elements: one copy of a loop
/// for all dtypes of a size.
template <class F>
decltype(auto) visit_size(DType dtype, F&& f) {
  switch (itemsize(dtype)) {
    case 8:
      return f(Type<std::uint64_t>{});
    case 4:
      return f(Type<std::uint32_t>{});
    case 2:
      return f(Type<std::uint16_t>{});
    default:
      return f(Type<std::uint8_t>{});
  }
}

}  // namespace xtape::kernels
