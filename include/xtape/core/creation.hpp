#pragma once

#include <concepts>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

namespace detail {

template <class T>
concept Number = std::is_arithmetic_v<T>;

/// As in Python: floating literals make float32, integers int32, bools bool.
template <class T>
inline constexpr DType literal_dtype = std::is_same_v<T, bool>       ? boolean
                                       : std::is_floating_point_v<T> ? float32
                                                                     : int32;

/// T unless another type is named.
template <class As, class T>
using NumberAs = std::conditional_t<std::is_void_v<As>, T, As>;

/// What stands in the braces of constant(): a number, or braces again.
class Literal {
 public:
  enum class Kind : std::uint8_t { boolean, integer, floating, list };

  template <Number T>
  Literal(T number) {
    if constexpr (std::is_floating_point_v<T>) {
      kind_ = Kind::floating;
      floating_ = static_cast<double>(number);
    } else {
      kind_ = std::is_same_v<T, bool> ? Kind::boolean : Kind::integer;
      integer_ = static_cast<std::int64_t>(number);
    }
  }
  /// Not compiled: constant() makes tensors of numbers.
  template <std::derived_from<Tensor> T>
  Literal(const T&) {
    static_assert(sizeof(T) == 0, "constant() of tensors: write stack({a, b}) for a new axis, concat({a, b}, 0)");
  }
  Literal(std::initializer_list<Literal> list) : kind_(Kind::list), list_(list) {}

  Kind kind() const noexcept { return kind_; }
  std::int64_t integer() const noexcept { return integer_; }
  double number() const noexcept { return kind_ == Kind::floating ? floating_ : static_cast<double>(integer_); }
  std::initializer_list<Literal> list() const noexcept { return list_; }

 private:
  Kind kind_;
  union {
    std::int64_t integer_;
    double floating_;
    std::initializer_list<Literal> list_;
  };
};

template <class T>
concept NumberElement = xtape::Element<T> ||
    (Number<T> && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> &&
     !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>);

/// The type of the numbers in a range of numbers, or of such ranges.
template <class T>
struct NumberOf {};
template <NumberElement T>
struct NumberOf<T> {
  using type = T;
};
template <class T>
requires(!NumberElement<T> && !XtensorExpression<T> && requires(const T& range) {
  std::begin(range);
  std::end(range);
}) struct NumberOf<T> : NumberOf<std::remove_cvref_t<decltype(*std::begin(std::declval<const T&>()))>> {
};
template <class R>
concept NumberRange = !NumberElement<R> && requires {
  typename NumberOf<R>::type;
};

/// The type in which a number is an element of a tensor.
template <class T>
using Stored =
    std::conditional_t<xtape::Element<T>, T,
                       std::conditional_t<std::is_floating_point_v<T>, double,
                                          std::conditional_t<sizeof(T) < 4 || (sizeof(T) == 4 && std::is_signed_v<T>),
                                                             std::int32_t, std::int64_t>>>;

[[noreturn]] void fail_ragged(std::int64_t expected, std::int64_t received);
[[noreturn]] void fail_unsigned(std::uint64_t number);

/// Flattens nested ranges, checking that they are rectangular.
template <class T>
struct Nested {
  std::vector<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>> values;
  std::vector<std::int64_t> sizes;

  template <class U>
  void add(const U& value, std::size_t depth = 0) {
    if constexpr (NumberElement<U>) {
      if constexpr (std::is_unsigned_v<U> && sizeof(U) == 8) {
        if (static_cast<std::int64_t>(value) < 0) fail_unsigned(value);
      }
      values.push_back(static_cast<T>(value));
    } else {
      const auto n = static_cast<std::int64_t>(std::distance(std::begin(value), std::end(value)));
      if (depth == sizes.size()) sizes.push_back(n);
      if (sizes[depth] != n) fail_ragged(sizes[depth], n);
      for (const auto& element : value) add<std::remove_cvref_t<decltype(element)>>(element, depth + 1);
    }
  }
};

Tensor from_doubles(std::span<const double> values, const Shape& shape, DType dtype);
Tensor from_integers(std::span<const std::int64_t> values, const Shape& shape, DType dtype);
/// A scalar of a number, otherwise a tensor of the shape of the braces, or of the given one.
Tensor from_literal(const Literal& literal, const Shape* shape, std::optional<AnyDType> dtype);
/// A copy of elements of the dtype `stored`, converted to `dtype`.
Tensor from_elements(const void* values, DType stored, std::size_t count, const Shape& shape,
                     std::optional<AnyDType> dtype);

template <class R>
Tensor from_range(const R& range, const Shape* shape, std::optional<AnyDType> dtype) {
  using Number = typename NumberOf<R>::type;
  using T = Stored<Number>;
  if constexpr (requires {
                  { std::data(range) } -> std::same_as<const T*>;
                }) {
    const std::size_t count = std::size(range);
    const Shape flat{static_cast<std::int64_t>(count)};
    return from_elements(std::data(range), dtype_of<T>, count, shape != nullptr ? *shape : flat, dtype);
  } else {
    Nested<T> nested;
    nested.add(range);
    return from_elements(nested.values.data(), dtype_of<T>, nested.values.size(),
                         shape != nullptr ? *shape : Shape(nested.sizes), dtype);
  }
}
}  // namespace detail

/// Every element `value`, converted to the dtype.
Tensor full(const Shape& shape, double value, AnyDType dtype = float32);

/// A scalar. The dtype follows Python's literals: float32 for a floating number, int32 for an integer, bool for a bool,
/// unless it is given. Throws a ValueError for an integer that does not fit into the dtype. The type of the number can
/// be named, as in `constant<bool>(1)`.
template <class As = void, detail::Number T>  // As is not T, so that braces are a list
Tensor constant(T value) {
  return detail::from_literal(static_cast<detail::NumberAs<As, T>>(value), nullptr, {});
}
template <class As = void, detail::Number T, std::convertible_to<AnyDType> D>
Tensor constant(T value, D dtype) {
  return detail::from_literal(static_cast<detail::NumberAs<As, T>>(value), nullptr, dtype);
}

/// Every element `value` (tf.constant with a shape).
template <class As = void, detail::Number T>
Tensor constant(T value, const Shape& shape, std::optional<AnyDType> dtype = {}) {
  using Value = detail::NumberAs<As, T>;
  return full(shape, static_cast<double>(static_cast<Value>(value)), dtype.value_or(detail::literal_dtype<Value>));
}

/// A tensor from nested braces: `constant({{1, 2}, {3, 4.5}})`. The dtype is that of Python's literals: float32 if one
/// of the numbers is floating, otherwise int32, bool if all are bools, unless it is given. Throws a ValueError for
/// braces of unequal lengths, for integers that do not fit into the dtype, and for a shape with another number of
/// elements.
inline Tensor constant(std::initializer_list<detail::Literal> values) {
  return detail::from_literal(values, nullptr, {});
}
template <std::convertible_to<AnyDType> D>
Tensor constant(std::initializer_list<detail::Literal> values, D dtype) {
  return detail::from_literal(values, nullptr, dtype);
}
/// The same as the literals of T would be: `constant<double>({0, 1})` is float32.
template <detail::Number T>
Tensor constant(std::initializer_list<detail::Literal> values) {
  return detail::from_literal(values, nullptr, detail::literal_dtype<T>);
}
template <detail::Number T, std::convertible_to<AnyDType> D>
Tensor constant(std::initializer_list<detail::Literal> values, D dtype) {
  return detail::from_literal(values, nullptr, dtype);
}
inline Tensor constant(std::initializer_list<detail::Literal> values, const Shape& shape,
                       std::optional<AnyDType> dtype = {}) {
  return detail::from_literal(values, &shape, dtype);
}

/// A copy of numbers from anything that holds them: a std::vector, std::array, C array, std::span, or another range,
/// also nested, `constant(std::vector<std::vector<float>>{...})`. Its shape is theirs unless it is given, its dtype
/// that of their type: a std::vector<double> makes float64; types that no dtype has become the next larger one. Throws
/// a ValueError for inner ranges of unequal lengths, for integers that do not fit into the dtype, and for a shape with
/// another number of elements.
template <detail::NumberRange R>
Tensor constant(const R& values) {
  return detail::from_range(values, nullptr, {});
}
template <detail::NumberRange R, std::convertible_to<AnyDType> D>
Tensor constant(const R& values, D dtype) {
  return detail::from_range(values, nullptr, dtype);
}
template <detail::NumberRange R>
Tensor constant(const R& values, const Shape& shape, std::optional<AnyDType> dtype = {}) {
  return detail::from_range(values, &shape, dtype);
}
/// Every element 0, or 1.
Tensor zeros(const Shape& shape, AnyDType dtype = float32);
Tensor ones(const Shape& shape, AnyDType dtype = float32);
Tensor zeros_like(const Tensor& t);
Tensor ones_like(const Tensor& t);
/// Every element `value`, with the shape of t, and its dtype unless given (np.full_like).
Tensor full_like(const Tensor& t, double value, std::optional<AnyDType> dtype = {});
/// The identity matrix, or with `columns` a rectangular one: element (i, j) is 1 where i == j.
Tensor eye(std::int64_t rows, std::int64_t columns = -1, AnyDType dtype = float32);

/// start, start + step, ... up to but not including stop: ceil((stop - start) / step) elements (NumPy's arange).
/// int32 where all three are integers, float32 otherwise, unless given. Throws a ValueError for a step of 0 and for
/// integers that do not fit.
template <detail::Number T>
Tensor arange(T start, T stop, T step = T(1), AnyDType dtype = detail::literal_dtype<T>);
template <detail::Number T>
Tensor arange(T stop) {
  return arange(T(0), stop);
}

/// `count` evenly spaced numbers from start to stop, both included (NumPy's linspace): start + i (stop - start) /
/// (count - 1), rounded down for integer dtypes. Throws a ValueError for a negative count.
Tensor linspace(double start, double stop, std::int64_t count, AnyDType dtype = float32);

/// A new last axis of size `depth` with on_value at the index and off_value elsewhere; an index outside [0, depth)
/// gives a row of off_value, as in TensorFlow. Throws a TypeError for indices that are not integers.
Tensor one_hot(const Tensor& indices, std::int64_t depth, AnyDType dtype = float32, double on_value = 1,
               double off_value = 0);

namespace detail {
Tensor arange_integers(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype);
Tensor arange_doubles(double start, double stop, double step, DType dtype);
}  // namespace detail

template <detail::Number T>
Tensor arange(T start, T stop, T step, AnyDType dtype) {
  if constexpr (std::is_floating_point_v<T>) {
    return detail::arange_doubles(start, stop, step, dtype);
  } else {
    return detail::arange_integers(start, stop, step, dtype);
  }
}

}  // namespace xtape
