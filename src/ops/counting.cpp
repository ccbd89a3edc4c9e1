#include "xtape/ops/counting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/simd.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/segments.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

/// Ascending order, with NaN at the end.
template <class T>
bool before(T a, T b) {
  return a < b || (kernels::is_nan(b) && !kernels::is_nan(a));
}

/// A tensor of int64 that was found on the host; a constant of the trace if what was read is one.
Tensor found(const char* op, const std::vector<std::int64_t>& numbers, const Shape& shape) {
  Tensor t = detail::make_tensor(shape, int64, op);
  std::copy(numbers.begin(), numbers.end(), detail::host_write(op, t).data<std::int64_t>());
  return detail::constant_of_trace(std::move(t));
}

/// In a dtype that has comparisons: of bools bytes, of bfloat16 floats.
Tensor comparable(const Tensor& x) {
  const DType dtype = x.dtype();
  return detail::convert(x, dtype == boolean ? uint8 : dtype == bfloat16 ? float32 : dtype);
}

/// Calls f with the elements, which have a type that comparable() gives.
template <class F>
void visit_comparable(DType dtype, const F& f) {
  kernels::visit(dtype, [&]<class T>(kernels::Type<T> type) {
    if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, BFloat16>) f(type);
  });
}

/// The places in flatten(x) of the elements that are not 0.
std::vector<std::int64_t> places_of_nonzero(const char* op, const Tensor& x) {
  const Tensor mask = x.dtype() == boolean ? x : not_equal(x, cast(0, x.dtype()));
  const bool* is_nonzero = detail::host_read(op, mask).data<bool>();
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < mask.size(); ++i) {
    if (is_nonzero[i]) places.push_back(i);
  }
  return places;
}

/// The index along an axis of each place in flatten(x).
std::int64_t index_at(std::int64_t place, const Shape& shape, int axis) {
  for (int i = shape.rank() - 1; i > axis; --i) place /= shape[i];
  return place % shape[axis];
}

}  // namespace

Tensor argwhere(const Tensor& x) {
  XTAPE_NOTE(argwhere, x);
  std::vector<std::int64_t> rows;
  const std::vector<std::int64_t> places = places_of_nonzero("argwhere", x);
  for (const std::int64_t place : places) {
    for (int axis = 0; axis < x.rank(); ++axis) rows.push_back(index_at(place, x.shape(), axis));
  }
  return found("argwhere", rows, {static_cast<std::int64_t>(places.size()), x.rank()});
}

Tensors nonzero(const Tensor& x) {
  XTAPE_NOTE(nonzero, x);
  if (x.rank() == 0) fail<ValueError>("nonzero", "expected a tensor of rank 1 or more, received a scalar");
  const std::vector<std::int64_t> places = places_of_nonzero("nonzero", x);
  Tensors all;
  for (int axis = 0; axis < x.rank(); ++axis) {
    std::vector<std::int64_t> indices;
    for (const std::int64_t place : places) indices.push_back(index_at(place, x.shape(), axis));
    all.push_back(found("nonzero", indices, {static_cast<std::int64_t>(indices.size())}));
  }
  return all;
}

Unique unique(const Tensor& x) {
  XTAPE_NOTE(unique, x);
  const char* op = "unique";
  const Tensor keys = comparable(x);
  const auto n = static_cast<std::size_t>(x.size());
  std::vector<std::int64_t> order(n), first, inverse(n), counts;
  std::iota(order.begin(), order.end(), 0);
  visit_comparable(keys.dtype(), [&]<class T>(kernels::Type<T>) {
    const T* key = detail::host_read(op, keys).data<T>();
    std::stable_sort(order.begin(), order.end(),
                     [key](std::int64_t a, std::int64_t b) { return before(key[a], key[b]); });
    for (std::size_t i = 0; i < n; ++i) {
      if (i == 0 || before(key[order[i - 1]], key[order[i]])) {
        first.push_back(order[i]);
        counts.push_back(0);
      }
      ++counts.back();
      inverse[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(first.size()) - 1;
    }
  });
  const Shape shape{static_cast<std::int64_t>(first.size())};
  const Tensor indices = found(op, first, shape);
  return {gather(flatten(x), indices), indices, found(op, inverse, x.shape()), found(op, counts, shape)};
}

namespace {

/// Ids for sums of `length` numbers: those from `length` on are left out.
Tensor counted_ids(const char* op, const Tensor& x, std::int64_t length) {
  Tensor ids = detail::make_tensor(x.shape(), int64);
  launch(
      LaunchKind::throws,
      [op, length](Read numbers, Write ids) {
        const auto* number = numbers.data<std::int64_t>();
        for (std::int64_t i = 0; i < numbers.size(); ++i) {
          if (number[i] < 0) {
            fail<ValueError>(op, "expected numbers of at least 0, received {} at position {}", number[i], i);
          }
          ids.data<std::int64_t>()[i] = number[i] < length ? number[i] : -1;
        }
      },
      detail::convert(x, int64), ids);
  return ids;
}

/// The size of a bincount of x.
std::int64_t bincount_length(const char* op, const Tensor& x, const BincountOptions& options) {
  detail::expect_integer(op, x.dtype(), "a vector of integers");
  if (x.rank() != 1) fail<ValueError>(op, "expected a vector, received shape {}", x.shape());
  if (options.minlength < 0 || options.length.value_or(0) < 0) {
    fail<ValueError>(op, "expected lengths of at least 0, received {} and {}", options.minlength,
                     options.length.value_or(0));
  }
  if (options.length) return std::max(*options.length, options.minlength);
  const Tensor wide = detail::convert(x, int64);
  const auto* number = detail::host_read(op, wide).data<std::int64_t>();
  std::int64_t length = options.minlength;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();  // of which there are too many segments
  for (std::int64_t i = 0; i < wide.size(); ++i) length = std::max(length, number[i] == most ? most : number[i] + 1);
  return length;
}

}  // namespace

Tensor bincount(const Tensor& x, const BincountOptions& options) {
  XTAPE_NOTE(bincount, x, options);
  const std::int64_t length = bincount_length("bincount", x, options);
  return unsorted_segment_sum(ones(x.shape(), int64), counted_ids("bincount", x, length), length);
}

Tensor bincount(const Tensor& x, const Tensor& weights, const BincountOptions& options) {
  XTAPE_NOTE(bincount, x, weights, options);
  const std::int64_t length = bincount_length("bincount", x, options);
  detail::expect_numeric("bincount", weights.dtype());
  if (weights.shape() != x.shape()) {
    fail<ValueError>("bincount", "expected a weight for each number, received shapes {} and {}", x.shape(),
                     weights.shape());
  }
  return unsorted_segment_sum(weights, counted_ids("bincount", x, length), length);
}

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, const SearchsortedOptions& options) {
  XTAPE_NOTE(searchsorted, sorted_sequence, values, options);
  const char* op = "searchsorted";
  const bool right = options.side == "right";
  if (!right && options.side != "left") {
    fail<ValueError>(op, "the side must be \"left\" or \"right\": received \"{}\"", options.side);
  }
  const Shape &sequence = sorted_sequence.shape(), &wanted = values.shape();
  const bool paired = sequence.rank() > 1 && sequence.rank() == wanted.rank() &&
                      std::equal(sequence.begin(), sequence.end() - 1, wanted.begin());
  if (sequence.rank() != 1 && !paired) {
    fail<ValueError>(op, "expected a vector, or [..., n] and values [..., m], received shapes {} and {}", sequence,
                     wanted);
  }
  const Tensor to_find = values.impl()->weak ? cast(values, sorted_sequence.dtype()) : values;
  detail::expect_same_dtype(op, sorted_sequence.dtype(), to_find.dtype());
  Tensor y = detail::make_tensor(wanted, int64);
  launch(
      [right, paired](Read sequences, Read values, Write places) {
        visit_comparable(values.dtype(), [&]<class T>(kernels::Type<T>) {
          const std::int64_t n = sequences.shape().back(), row = paired ? values.shape().back() : values.size();
          const T* value = values.data<T>();
          for (std::int64_t i = 0; i < values.size(); ++i) {
            const T* begin = sequences.data<T>() + i / row * n;
            const T* at = right ? std::upper_bound(begin, begin + n, value[i], before<T>)
                                : std::lower_bound(begin, begin + n, value[i], before<T>);
            places.data<std::int64_t>()[i] = at - begin;
          }
        });
      },
      comparable(sorted_sequence), comparable(to_find), y);
  return record_no_gradient(op, {sorted_sequence, values}, std::move(y));
}

Histogram histogram(const Tensor& x, const HistogramOptions& options) {
  XTAPE_NOTE(histogram, x, options);
  const char* op = "histogram";
  const std::int64_t bins = options.bins;
  if (bins < 1 || bins == std::numeric_limits<std::int64_t>::max()) {
    fail<ValueError>(op, "expected a number of bins of at least 1 that fits into memory, received {}", bins);
  }
  const bool given = options.range.has_value();
  const std::array<double, 2> range = options.range.value_or(std::array<double, 2>{0, 1});
  if (!(range[0] <= range[1]) || !std::isfinite(range[1] - range[0])) {
    fail<ValueError>(op, "expected a finite range that does not descend, received [{}, {}]", range[0], range[1]);
  }
  const Tensor counts = detail::make_tensor({bins}, int64), edges = detail::make_tensor({bins + 1}, float64);
  launch(
      LaunchKind::throws,
      [op, bins, given, range](Read elements, Write counts, Write edges) {
        const double* x = elements.data<double>();
        double low = range[0], high = range[1];
        if (!given && elements.size() > 0) {
          low = high = x[0];
          for (std::int64_t i = 0; i < elements.size(); ++i) {
            if (!std::isfinite(x[i])) {
              fail<ValueError>(op, "the element {} at position {} gives no range: give one", x[i], i);
            }
            low = std::min(low, x[i]);
            high = std::max(high, x[i]);
          }
        }
        if (low == high) {
          low -= 0.5;
          high += 0.5;
        }
        double* edge = edges.data<double>();
        const double step = (high - low) / static_cast<double>(bins);
        for (std::int64_t i = 0; i < bins; ++i) edge[i] = low + static_cast<double>(i) * step;
        edge[bins] = high;
        auto* count = counts.data<std::int64_t>();
        std::fill_n(count, bins, 0);
        for (std::int64_t i = 0; i < elements.size(); ++i) {
          if (!(x[i] >= low && x[i] <= high)) continue;
          // The edges decide, not the rounded quotient.
          auto bin = std::min(static_cast<std::int64_t>((x[i] - low) / step), bins - 1);
          while (bin > 0 && x[i] < edge[bin]) --bin;
          while (bin + 1 < bins && x[i] >= edge[bin + 1]) ++bin;
          ++count[bin];
        }
      },
      detail::convert(x, float64), counts, edges);
  const Tensor of_x = is_floating(x.dtype()) ? detail::convert(edges, x.dtype()) : edges;
  return {record_no_gradient(op, {x}, Tensor(counts)), record_no_gradient(op, {x}, Tensor(of_x))};
}

}  // namespace xtape
