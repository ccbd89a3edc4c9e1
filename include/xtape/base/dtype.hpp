#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// Element types of tensors, with TensorFlow's names.
enum class DType : std::uint8_t { float32, float64, int32, int64, uint8, boolean, bfloat16 };
/// The same, without `DType::` in front.
inline constexpr DType float32 = DType::float32;
inline constexpr DType float64 = DType::float64;
inline constexpr DType int32 = DType::int32;
inline constexpr DType int64 = DType::int64;
inline constexpr DType uint8 = DType::uint8;
inline constexpr DType boolean = DType::boolean;
inline constexpr DType bfloat16 = DType::bfloat16;

/// A bfloat16 number: the upper half of a float32. Conversion rounds to nearest, ties to even, and keeps NaN a NaN.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto u = std::bit_cast<std::uint32_t>(value);
    const bool nan = (u & 0x7fffffffu) > 0x7f800000u;
    bits = static_cast<std::uint16_t>(nan ? (u >> 16) | 0x40u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

/// "float32", "int64", "bool", ...
constexpr const char* name(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int32:
      return "int32";
    case DType::int64:
      return "int64";
    case DType::uint8:
      return "uint8";
    case DType::boolean:
      return "bool";
    case DType::bfloat16:
      return "bfloat16";
  }
  return "unknown";
}

/// The dtype of a name: `dtype("float32")`. Throws a ValueError for another text, with the list of the names.
DType dtype(std::string_view name);

/// A dtype as an option: `float32`, or its name, as in Keras.
class AnyDType {
 public:
  constexpr AnyDType(DType dtype) noexcept : dtype_(dtype) {}
  /// Throws what dtype() throws.
  AnyDType(const char* name) : dtype_(dtype(name)) {}
  AnyDType(const std::string& name) : dtype_(dtype(name)) {}

  constexpr operator DType() const noexcept { return dtype_; }

 private:
  DType dtype_;
};

/// Bytes of one element.
constexpr std::size_t itemsize(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::int32:
      return 4;
    case DType::float64:
    case DType::int64:
      return 8;
    case DType::bfloat16:
      return 2;
    case DType::uint8:
    case DType::boolean:
      return 1;
  }
  return 0;
}

/// True for the dtypes through which gradients flow: float32, float64, bfloat16.
constexpr bool is_floating(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::bfloat16;
}

/// True for int32, int64 and uint8 (not for bool).
constexpr bool is_integer(DType dtype) {
  return dtype == DType::int32 || dtype == DType::int64 || dtype == DType::uint8;
}

namespace detail {
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::bfloat16;
};

/// Calls f with the C++ types of all dtypes in the order of the enumeration, for tables with an entry for each:
/// `with_element_types([]<class... T>() { return std::array{size_of<T>()...}; })`.
template <class F>
constexpr auto with_element_types(F f) {
  return f.template operator()<float, double, std::int32_t, std::int64_t, std::uint8_t, bool, BFloat16>();
}
/// All dtypes, by their numbers.
inline constexpr auto all_dtypes = with_element_types([]<class... T>() { return std::array{DTypeOf<T>::value...}; });
static_assert([] {
  for (std::size_t i = 0; i < all_dtypes.size(); ++i) {
    if (all_dtypes[i] != static_cast<DType>(i)) return false;
  }
  return true;
}());
}  // namespace detail

/// A C++ type that a tensor can hold.
template <class T>
concept Element = requires {
  detail::DTypeOf<T>::value;
};

/// The DType of a C++ type: dtype_of<float> is float32.
template <Element T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace xtape
