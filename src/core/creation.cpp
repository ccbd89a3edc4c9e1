#include "xtape/core/creation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"

namespace xtape {
namespace detail {

Tensor filled(const Shape& shape, DType dtype, double value, const char* op) {
  Tensor out = make_tensor(shape, dtype, op);
  kernels::visit(dtype, [&]<class T>(kernels::Type<T>) {
    T element{};
    if constexpr (std::is_same_v<T, BFloat16>) {
      element = BFloat16(static_cast<float>(value));
    } else if constexpr (std::is_integral_v<T>) {
      convert_number(Tensor(value), dtype, &element);
    } else {
      element = static_cast<T>(value);
    }
    launch([element](Write to) { std::fill_n(to.data<T>(), to.size(), element); }, out);
  });
  return out;
}

void fail_ragged(std::int64_t expected, std::int64_t received) {
  fail<ValueError>("constant", "the nested braces are not rectangular: expected {} elements, received {}", expected,
                   received);
}

void fail_unsigned(std::uint64_t number) { fail<ValueError>("constant", "{} does not fit into int64", number); }

namespace {
Tensor copy_of_elements(const void* values, std::size_t count, const Shape& shape, DType dtype) {
  Tensor out = make_tensor(shape, dtype, "constant");
  if (out.size() != static_cast<std::int64_t>(count)) {
    fail<ValueError>("constant", "shape {} has {} elements, received {}", shape, out.size(), count);
  }
  if (count > 0) std::memcpy(host_write("constant", out).bytes(), values, count * itemsize(dtype));
  return constant_of_trace(std::move(out));
}

void check_fits(const char* op, std::int64_t value, DType dtype) {
  if ((dtype == int32 && (value < INT32_MIN || value > INT32_MAX)) ||
      (dtype == uint8 && (value < 0 || value > UINT8_MAX))) {
    fail<ValueError>(op, "{} does not fit into {}, pass another dtype", value, dtype);
  }
}

/// The numbers of nested braces, checking that these are rectangular.
struct Flattened {
  std::vector<double> doubles;
  std::vector<std::int64_t> integers;
  PoolVector<std::int64_t> sizes;
  bool floating = false, boolean = true;

  void add(const Literal& literal, std::size_t depth) {
    if (literal.kind() != Literal::Kind::list) {
      if (depth != sizes.size()) fail_ragged(sizes[depth], 1);  // a number beside a list
      floating = floating || literal.kind() == Literal::Kind::floating;
      boolean = boolean && literal.kind() == Literal::Kind::boolean;
      doubles.push_back(literal.number());
      integers.push_back(literal.kind() == Literal::Kind::floating ? 0 : literal.integer());
      return;
    }
    const auto n = static_cast<std::int64_t>(literal.list().size());
    if (depth == sizes.size()) {
      if (!doubles.empty()) fail_ragged(1, n);  // a list beside a number
      sizes.push_back(n);
    }
    if (sizes[depth] != n) fail_ragged(sizes[depth], n);
    for (const Literal& element : literal.list()) add(element, depth + 1);
  }
};
}  // namespace

Tensor from_literal(const Literal& literal, const Shape* shape, std::optional<AnyDType> dtype) {
  Flattened all;
  all.add(literal, 0);
  const Shape own(std::span<const std::int64_t>(all.sizes));
  if (all.floating || all.doubles.empty())
    return from_doubles(all.doubles, shape != nullptr ? *shape : own, dtype.value_or(float32));
  return from_integers(all.integers, shape != nullptr ? *shape : own, dtype.value_or(all.boolean ? boolean : int32));
}

Tensor from_elements(const void* values, DType stored, std::size_t count, const Shape& shape,
                     std::optional<AnyDType> dtype) {
  const Tensor out = copy_of_elements(values, count, shape, stored);
  const DType wanted = dtype.value_or(stored);
  kernels::visit(stored, [&]<class T>(kernels::Type<T>) {
    if constexpr (std::is_integral_v<T>) {
      if (wanted == stored) return;
      for (std::size_t i = 0; i < count; ++i) {
        check_fits("constant", static_cast<std::int64_t>(static_cast<const T*>(values)[i]), wanted);
      }
    }
  });
  return wanted == stored ? out : convert(out, wanted);
}

Tensor from_doubles(std::span<const double> values, const Shape& shape, DType dtype) {
  return convert(copy_of_elements(values.data(), values.size(), shape, float64), dtype);
}

Tensor from_integers(std::span<const std::int64_t> values, const Shape& shape, DType dtype) {
  for (const auto value : values) check_fits("constant", value, dtype);
  return convert(copy_of_elements(values.data(), values.size(), shape, int64), dtype);
}

Tensor arange_integers(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype) {
  if (step == 0) fail<ValueError>("arange", "the step must not be 0");
  // Unsigned, since the distance of two int64 numbers and i * step may overflow int64.
  const auto from = static_cast<std::uint64_t>(start), to = static_cast<std::uint64_t>(stop);
  const auto stride = static_cast<std::uint64_t>(step);
  std::int64_t count = 0;
  if (step > 0 ? start < stop : start > stop) {
    count = static_cast<std::int64_t>(step > 0 ? (to - from - 1) / stride + 1 : (from - to - 1) / (0 - stride) + 1);
  }
  const auto value = [from, stride](std::int64_t i) {
    return static_cast<std::int64_t>(from + static_cast<std::uint64_t>(i) * stride);
  };
  if (count > 0) {
    check_fits("arange", value(0), dtype);
    check_fits("arange", value(count - 1), dtype);
  }
  Tensor out = make_tensor({count}, int64);
  launch(
      [value](Write to) {
        auto* values = to.data<std::int64_t>();
        for (std::int64_t i = 0; i < to.size(); ++i) values[i] = value(i);
      },
      out);
  return convert(out, dtype);
}

Tensor arange_doubles(double start, double stop, double step, DType dtype) {
  if (!(step != 0) || !std::isfinite(step)) {
    fail<ValueError>("arange", "the step must be finite and not 0, received {}", step);
  }
  if (!std::isfinite(start) || !std::isfinite(stop)) {
    fail<ValueError>("arange", "start and stop must be finite, received {} and {}", start, stop);
  }
  const double count = std::max(0.0, std::ceil((stop - start) / step));
  if (!(count < 0x1p62)) fail<ValueError>("arange", "too many elements: from {} to {} by {}", start, stop, step);
  Tensor out = make_tensor({static_cast<std::int64_t>(count)}, float64);
  launch(
      [start, step](Write to) {
        double* values = to.data<double>();
        for (std::int64_t i = 0; i < to.size(); ++i) values[i] = start + static_cast<double>(i) * step;
      },
      out);
  return convert(out, dtype);
}

}  // namespace detail

Tensor zeros(const Shape& shape, AnyDType dtype) { return detail::filled(shape, dtype, 0); }
Tensor ones(const Shape& shape, AnyDType dtype) { return detail::filled(shape, dtype, 1); }
Tensor full(const Shape& shape, double value, AnyDType dtype) { return detail::filled(shape, dtype, value); }
Tensor zeros_like(const Tensor& t) { return detail::filled(t.shape(), t.dtype(), 0); }
Tensor ones_like(const Tensor& t) { return detail::filled(t.shape(), t.dtype(), 1); }
Tensor full_like(const Tensor& t, double value, std::optional<AnyDType> dtype) {
  return detail::filled(t.shape(), dtype.value_or(t.dtype()), value);
}

Tensor eye(std::int64_t rows, std::int64_t columns, AnyDType dtype) {
  if (columns < 0) columns = rows;
  const Tensor out = detail::make_tensor({rows, columns}, float64);
  detail::launch(
      [rows, columns](detail::Write to) {
        double* elements = to.data<double>();
        std::fill_n(elements, to.size(), 0.0);
        for (std::int64_t i = 0; i < std::min(rows, columns); ++i) elements[i * columns + i] = 1;
      },
      out);
  return detail::convert(out, dtype);
}

Tensor linspace(double start, double stop, std::int64_t count, AnyDType dtype) {
  if (count < 0) detail::fail<ValueError>("linspace", "the count must not be negative, received {}", count);
  Tensor out = detail::make_tensor({count}, float64);
  detail::launch(
      [start, stop, count, whole = is_integer(dtype)](detail::Write to) {
        double* values = to.data<double>();
        const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
        for (std::int64_t i = 0; i < count; ++i) values[i] = start + static_cast<double>(i) * step;
        if (count > 1) values[count - 1] = stop;
        if (whole) std::transform(values, values + count, values, [](double value) { return std::floor(value); });
      },
      out);
  return detail::convert(out, dtype);
}

Tensor one_hot(const Tensor& indices, std::int64_t depth, AnyDType dtype, double on_value, double off_value) {
  detail::expect_integer("one_hot", indices.dtype(), "integer indices");
  if (depth < 0) detail::fail<ValueError>("one_hot", "the depth must not be negative, received {}", depth);
  std::vector<std::int64_t> sizes(indices.shape().begin(), indices.shape().end());
  sizes.push_back(depth);
  const Tensor out = detail::make_tensor(Shape(sizes), dtype);
  detail::launch(
      [depth](detail::Read indices_, detail::Read on, detail::Read off, detail::Write rows) {
        const auto* index = indices_.data<std::int64_t>();
        kernels::visit_size(rows.dtype(), [&]<class T>(kernels::Type<T>) {
          T* row = rows.data<T>();
          std::fill_n(row, rows.size(), *off.data<T>());
          for (std::int64_t i = 0; i < indices_.size(); ++i, row += depth) {
            if (index[i] >= 0 && index[i] < depth) row[index[i]] = *on.data<T>();
          }
        });
      },
      detail::convert(indices, int64), detail::filled({}, dtype, on_value), detail::filled({}, dtype, off_value), out);
  return out;
}

}  // namespace xtape
