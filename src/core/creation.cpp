#include "xtape/core/creation.hpp"

#include <cmath>
#include <cstring>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "kernels/dispatch.hpp"

namespace xtape {
namespace detail {

Tensor filled(const Shape& shape, DType dtype, double value) {
  Tensor out = make_tensor(shape, dtype);
  kernels::visit(dtype, [&]<class T>(kernels::Type<T>) {
    T element{};
    if constexpr (std::is_same_v<T, BFloat16>) {
      element = BFloat16(static_cast<float>(value));
    } else if constexpr (std::is_integral_v<T>) {
      element = convert(Tensor(value), dtype).item<T>();
    } else {
      element = static_cast<T>(value);
    }
    std::fill_n(mutable_data<T>(out), out.size(), element);
  });
  return out;
}

void fail_ragged() { fail<ValueError>("constant", "the nested braces are not rectangular"); }

Tensor from_elements(const void* values, std::size_t count, const Shape& shape, DType dtype) {
  Tensor out = make_tensor(shape, dtype);
  if (out.size() != static_cast<std::int64_t>(count)) {
    fail<ValueError>("constant", "shape {} has {} elements, received {}", shape, out.size(), count);
  }
  if (count > 0) std::memcpy(out.impl()->data, values, count * itemsize(dtype));
  return out;
}

Tensor from_doubles(std::span<const double> values, const Shape& shape, DType dtype) {
  return convert(from_elements(values.data(), values.size(), shape, float64), dtype);
}

Tensor from_integers(std::span<const std::int64_t> values, const Shape& shape, DType dtype) {
  if (dtype == int32) {
    for (const auto value : values) {
      if (value < INT32_MIN || value > INT32_MAX) {
        fail<ValueError>("constant", "{} does not fit into int32, pass a dtype", value);
      }
    }
  }
  return convert(from_elements(values.data(), values.size(), shape, int64), dtype);
}

Tensor arange_integers(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype) {
  if (step == 0) fail<ValueError>("arange", "the step must not be 0");
  const std::int64_t distance = stop - start;
  const std::int64_t count =
      (distance > 0) == (step > 0) && distance != 0 ? (std::abs(distance) - 1) / std::abs(step) + 1 : 0;
  Tensor out = make_tensor({count}, int64);
  for (std::int64_t i = 0; i < count; ++i) mutable_data<std::int64_t>(out)[i] = start + i * step;
  return convert(out, dtype);
}

Tensor arange_doubles(double start, double stop, double step, DType dtype) {
  if (!(step != 0) || !std::isfinite(step))
    fail<ValueError>("arange", "the step must be finite and not 0, received {}", step);
  if (!std::isfinite(start) || !std::isfinite(stop)) {
    fail<ValueError>("arange", "start and stop must be finite, received {} and {}", start, stop);
  }
  const auto count = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil((stop - start) / step)));
  Tensor out = make_tensor({count}, float64);
  for (std::int64_t i = 0; i < count; ++i) mutable_data<double>(out)[i] = start + static_cast<double>(i) * step;
  return convert(out, dtype);
}

}  // namespace detail

Tensor zeros(const Shape& shape, DType dtype) { return detail::filled(shape, dtype, 0); }
Tensor ones(const Shape& shape, DType dtype) { return detail::filled(shape, dtype, 1); }
Tensor full(const Shape& shape, double value, DType dtype) { return detail::filled(shape, dtype, value); }
Tensor zeros_like(const Tensor& t) { return detail::filled(t.shape(), t.dtype(), 0); }
Tensor ones_like(const Tensor& t) { return detail::filled(t.shape(), t.dtype(), 1); }

Tensor eye(std::int64_t rows, std::int64_t columns, DType dtype) {
  if (columns < 0) columns = rows;
  Tensor out = detail::filled({rows, columns}, float64, 0);
  for (std::int64_t i = 0; i < std::min(rows, columns); ++i) detail::mutable_data<double>(out)[i * columns + i] = 1;
  return detail::convert(out, dtype);
}

Tensor linspace(double start, double stop, std::int64_t count, DType dtype) {
  if (count < 0) detail::fail<ValueError>("linspace", "the count must not be negative, received {}", count);
  Tensor out = detail::make_tensor({count}, float64);
  double* values = detail::mutable_data<double>(out);
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  for (std::int64_t i = 0; i < count; ++i) values[i] = start + static_cast<double>(i) * step;
  if (count > 1) values[count - 1] = stop;
  return detail::convert(out, dtype);
}

Tensor one_hot(const Tensor& indices, std::int64_t depth, DType dtype, double on_value, double off_value) {
  if (!is_integer(indices.dtype())) {
    detail::fail<TypeError>("one_hot", "expected integer indices, received {}", indices.dtype());
  }
  if (depth < 0) detail::fail<ValueError>("one_hot", "the depth must not be negative, received {}", depth);
  std::vector<std::int64_t> sizes(indices.shape().begin(), indices.shape().end());
  sizes.push_back(depth);
  Tensor out = detail::filled(Shape(sizes), dtype, off_value);
  const Tensor on = detail::filled({}, dtype, on_value);
  const Tensor wide = detail::convert(indices, int64);
  const auto* index = detail::const_data<std::int64_t>(wide);
  kernels::visit_size(dtype, [&]<class T>(kernels::Type<T>) {
    const T one = *reinterpret_cast<const T*>(on.impl()->data);
    T* rows = reinterpret_cast<T*>(out.impl()->data);
    for (std::int64_t i = 0; i < indices.size(); ++i) {
      if (index[i] >= 0 && index[i] < depth) rows[i * depth + index[i]] = one;
    }
  });
  return out;
}

}  // namespace xtape
