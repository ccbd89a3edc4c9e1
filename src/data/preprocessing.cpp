#include "xtape/data/preprocessing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::utils {

using detail::fail;

Tensor to_categorical(const Tensor& y, std::optional<std::int64_t> num_classes) {
  constexpr const char* op = "to_categorical";
  const Tensor classes = detail::convert(y, int64);
  const auto numbers = classes.data<std::int64_t>();
  std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
  if (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  if (num_classes && *num_classes < 1)
    fail<ValueError>(op, "expected num_classes of at least 1, received {}", *num_classes);
  if (!num_classes && numbers.empty()) fail<ValueError>(op, "expected num_classes for {} numbers", y.shape());
  const std::int64_t largest = numbers.empty() ? 0 : *std::ranges::max_element(numbers);
  if (!num_classes && largest == std::numeric_limits<std::int64_t>::max()) {
    fail<ValueError>(op, "expected class numbers of which there can be so many, received {}", largest);
  }
  const std::int64_t depth = num_classes ? *num_classes : largest + 1;
  const auto wrong = std::ranges::find_if(numbers, [&](std::int64_t c) { return c < 0 || c >= depth; });
  if (wrong != numbers.end()) {
    fail<ValueError>(op, "expected class numbers from 0 to {}, received {} at index {}", depth - 1, *wrong,
                     wrong - numbers.begin());
  }
  shape.push_back(depth);
  Tensor rows = zeros(shape);
  float* to = detail::host_write("Dataset", rows).data<float>();
  for (const std::int64_t number : numbers) {
    to[number] = 1;
    to += depth;
  }
  return rows;
}

namespace {

/// The norm of n numbers, `stride` apart, as numpy.linalg.norm: order 0 counts, +-inf are largest and smallest.
template <class T>
double norm(const T* x, std::int64_t n, std::int64_t stride, double order) {
  double sum = order == -HUGE_VAL ? HUGE_VAL : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double size = std::abs(static_cast<double>(x[i * stride]));
    if (order == 2) {
      sum += size * size;
    } else if (order == 1) {
      sum += size;
    } else if (order == 0) {
      sum += size != 0;
    } else if (std::isinf(order)) {
      sum = order > 0 ? std::max(sum, size) : std::min(sum, size);
    } else {
      sum += std::pow(size, order);
    }
  }
  if (order == 2) return std::sqrt(sum);
  return order == 0 || order == 1 || std::isinf(order) ? sum : std::pow(sum, 1 / order);
}

template <class T>
Tensor normalized(const Tensor& x, int axis, double order) {
  const Shape& shape = x.shape();
  Tensor result = detail::make_tensor(shape, x.dtype());
  if (x.size() == 0) return result;  // with a size of 0 the product of the others may overflow
  std::int64_t inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  const std::int64_t n = shape[axis];
  const T* from = detail::host_read("Dataset", x).data<T>();
  T* to = detail::host_write("Dataset", result).data<T>();
  for (std::int64_t outer = 0; outer < x.size(); outer += n * inner) {
    for (std::int64_t i = outer; i < outer + inner; ++i) {
      double size = norm(from + i, n, inner, order);
      if (size == 0) size = 1;
      for (std::int64_t k = i; k < i + n * inner; k += inner) to[k] = static_cast<T>(from[k] / size);
    }
  }
  return result;
}

}  // namespace

Tensor normalize(const Tensor& x, int axis, double order) {
  if (x.rank() == 0) fail<ValueError>("normalize", "expected an array, received a scalar");
  if (std::isnan(order)) fail<ValueError>("normalize", "expected an order, received nan");
  axis = detail::normal_axis("normalize", axis, x.rank());
  if (x.dtype() == float64) return normalized<double>(x, axis, order);
  const Tensor y = normalized<float>(detail::convert(x, float32), axis, order);
  return x.dtype() == bfloat16 ? detail::convert(y, bfloat16) : y;
}

namespace {

/// For an integer dtype integers are padded as int64, everything else as double; the result is then converted.
template <class T>
Tensor pad(const std::vector<std::vector<T>>& sequences, const PadOptions& options) {
  constexpr const char* op = "pad_sequences";
  for (const std::string& side : {options.padding, options.truncating}) {
    if (side != "pre" && side != "post") fail<ValueError>(op, "expected \"pre\" or \"post\", received \"{}\"", side);
  }
  if (options.maxlen && *options.maxlen < 1) {
    fail<ValueError>(op, "expected maxlen of at least 1, received {}", *options.maxlen);
  }
  std::size_t length = 0;
  for (const auto& sequence : sequences) length = std::max(length, sequence.size());
  if (options.maxlen) length = static_cast<std::size_t>(*options.maxlen);

  const Shape shape{static_cast<std::int64_t>(sequences.size()), static_cast<std::int64_t>(length)};
  const auto rows = [&]<class Wide>(Wide value) {
    const Tensor all = detail::make_tensor(shape, dtype_of<Wide>);
    const std::span<Wide> elements(detail::host_write("Dataset", all).data<Wide>(),
                                   static_cast<std::size_t>(all.size()));
    std::ranges::fill(elements, value);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const auto& sequence = sequences[i];
      const std::size_t n = std::min(sequence.size(), length);
      const auto first =
          sequence.begin() + static_cast<std::ptrdiff_t>(options.truncating == "pre" ? sequence.size() - n : 0);
      const std::size_t to = i * length + (options.padding == "pre" ? length - n : 0);
      std::transform(first, first + static_cast<std::ptrdiff_t>(n), elements.begin() + static_cast<std::ptrdiff_t>(to),
                     [](T number) { return static_cast<Wide>(number); });
    }
    return all;
  };
  if (std::is_integral_v<T> && !is_floating(options.dtype)) {
    if (!(std::abs(options.value) < 0x1p63)) {
      fail<ValueError>(op, "expected a value that {} holds, received {}", options.dtype, options.value);
    }
    const Tensor numbers = rows(static_cast<std::int64_t>(options.value));
    return detail::from_integers(numbers.data<std::int64_t>(), shape, options.dtype);
  }
  return detail::convert(rows(options.value), options.dtype);
}

}  // namespace

Tensor pad_sequences(const data::Sequences& sequences, const PadOptions& options) { return pad(sequences, options); }

template <Element T>
Tensor pad_sequences(const std::vector<std::vector<T>>& sequences, const PadOptions& options) {
  return pad(sequences, options);
}
template Tensor pad_sequences(const std::vector<std::vector<std::int64_t>>&, const PadOptions&);
template Tensor pad_sequences(const std::vector<std::vector<float>>&, const PadOptions&);
template Tensor pad_sequences(const std::vector<std::vector<double>>&, const PadOptions&);

}  // namespace xtape::utils
