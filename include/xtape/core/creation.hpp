#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

namespace detail {
Tensor from_doubles(std::span<const double> values, const Shape& shape, DType dtype);
Tensor from_integers(std::span<const std::int64_t> values, const Shape& shape, DType dtype);
Tensor from_elements(const void* values, std::size_t count, const Shape& shape, DType dtype);
[[noreturn]] void fail_ragged(std::int64_t expected, std::int64_t received);

template <class T>
concept Number = std::is_arithmetic_v<T>;

/// As in Python: floating literals make float32, integers int32, bools bool.
template <class T>
inline constexpr DType literal_dtype = std::is_same_v<T, bool>       ? boolean
                                       : std::is_floating_point_v<T> ? float32
                                                                     : int32;

/// Flattens nested braces, checking that they are rectangular.
template <class T>
struct Nested {
  std::vector<T> values;
  std::int64_t sizes[4] = {};
  std::size_t rank = 0;

  template <class U>
  void add(const U& value, std::size_t depth) {
    if constexpr (std::is_arithmetic_v<U>) {
      values.push_back(static_cast<T>(value));
    } else {
      const auto n = static_cast<std::int64_t>(value.size());
      if (depth == rank) sizes[rank++] = n;
      if (sizes[depth] != n) fail_ragged(sizes[depth], n);
      for (const auto& element : value) add(element, depth + 1);
    }
  }
  Shape shape() const { return Shape(std::span<const std::int64_t>(sizes, rank)); }
};

template <class T, class Braces>
Tensor from_braces(const Braces& braces, DType dtype) {
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
  Nested<Wide> nested;
  nested.add(braces, 0);
  if constexpr (std::is_floating_point_v<T>) {
    return from_doubles(nested.values, nested.shape(), dtype);
  } else {
    return from_integers(nested.values, nested.shape(), dtype);
  }
}
}  // namespace detail

/// A scalar.
template <detail::Number T>
Tensor constant(T value, DType dtype = detail::literal_dtype<T>) {
  if constexpr (std::is_floating_point_v<T>) {
    const double wide = value;
    return detail::from_doubles({&wide, 1}, {}, dtype);
  } else {
    const std::int64_t wide = value;
    return detail::from_integers({&wide, 1}, {}, dtype);
  }
}

/// A tensor from nested braces: `constant({{1, 2}, {3, 4}})`. The dtype follows Python's literals: float32 for floating
/// numbers, int32 for integers, unless it is given. Throws a ValueError for braces of unequal lengths and for integers
/// that do not fit into the dtype.
template <detail::Number T>
Tensor constant(std::initializer_list<T> values, DType dtype = detail::literal_dtype<T>) {
  return detail::from_braces<T>(values, dtype);
}
template <detail::Number T>
Tensor constant(std::initializer_list<std::initializer_list<T>> values, DType dtype = detail::literal_dtype<T>) {
  return detail::from_braces<T>(values, dtype);
}
template <detail::Number T>
Tensor constant(std::initializer_list<std::initializer_list<std::initializer_list<T>>> values,
                DType dtype = detail::literal_dtype<T>) {
  return detail::from_braces<T>(values, dtype);
}
template <detail::Number T>
Tensor constant(std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>> values,
                DType dtype = detail::literal_dtype<T>) {
  return detail::from_braces<T>(values, dtype);
}

/// A copy of a vector's or span's elements, of their own dtype. Throws a ValueError when the shape has another number
/// of elements.
template <Element T>
Tensor constant(std::span<const T> values, const Shape& shape) {
  return detail::from_elements(values.data(), values.size(), shape, dtype_of<T>);
}
template <Element T>
requires(!std::is_same_v<T, bool>) Tensor constant(const std::vector<T>& values, const Shape& shape) {
  return constant(std::span<const T>(values), shape);
}
template <Element T>
requires(!std::is_same_v<T, bool>) Tensor constant(const std::vector<T>& values) {
  return constant(std::span<const T>(values), {static_cast<std::int64_t>(values.size())});
}
/// Every element 0, or 1.
Tensor zeros(const Shape& shape, DType dtype = float32);
Tensor ones(const Shape& shape, DType dtype = float32);
/// Every element `value`, converted to the dtype.
Tensor full(const Shape& shape, double value, DType dtype = float32);
Tensor zeros_like(const Tensor& t);
Tensor ones_like(const Tensor& t);
/// The identity matrix, or with `columns` a rectangular one: element (i, j) is 1 where i == j.
Tensor eye(std::int64_t rows, std::int64_t columns = -1, DType dtype = float32);

/// start, start + step, ... up to but not including stop: ceil((stop - start) / step) elements (NumPy's arange).
/// int32 where all three are integers, float32 otherwise, unless given. Throws a ValueError for a step of 0 and for
/// integers that do not fit.
template <detail::Number T>
Tensor arange(T start, T stop, T step = T(1), DType dtype = detail::literal_dtype<T>);
template <detail::Number T>
Tensor arange(T stop) {
  return arange(T(0), stop);
}

/// `count` evenly spaced numbers from start to stop, both included (NumPy's linspace): start + i (stop - start) /
/// (count - 1), rounded down for integer dtypes. Throws a ValueError for a negative count.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = float32);

/// A new last axis of size `depth` with on_value at the index and off_value elsewhere; an index outside [0, depth)
/// gives a row of off_value, as in TensorFlow. Throws a TypeError for indices that are not integers.
Tensor one_hot(const Tensor& indices, std::int64_t depth, DType dtype = float32, double on_value = 1,
               double off_value = 0);

namespace detail {
Tensor arange_integers(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype);
Tensor arange_doubles(double start, double stop, double step, DType dtype);
}  // namespace detail

template <detail::Number T>
Tensor arange(T start, T stop, T step, DType dtype) {
  if constexpr (std::is_floating_point_v<T>) {
    return detail::arange_doubles(start, stop, step, dtype);
  } else {
    return detail::arange_integers(start, stop, step, dtype);
  }
}

}  // namespace xtape
