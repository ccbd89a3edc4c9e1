#include "kernels/scan.hpp"

#include <algorithm>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"

// Scans: each step needs the one before, so the parallel work is across rows and columns, never along the axis. Of many
// columns (inner > 1) a step is an addition of rows, which becomes vectors. Long scans of float32 are kept in double.
namespace xtape::kernels {
namespace {

template <class F>
void for_slices(const ScanLayout& at, const F& f) {
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(1, at.count * at.inner));
  parallel_rows(at.outer, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) f(o);
  });
}

/// Calls row(from, to) for the steps of the scan: `to` is the first of `inner` elements, `from` that of the step before
/// it, negative at the start. Columns are cut for the threads where there is one outer slice.
template <class F>
void scan(const ScanLayout& at, const F& row) {
  const auto slice = [&](std::int64_t o, std::int64_t begin, std::int64_t end) {
    std::int64_t before = -1;
    for (std::int64_t i = 0; i < at.count; ++i) {
      const std::int64_t here = (o * at.count + (at.reverse ? at.count - 1 - i : i)) * at.inner;
      row(before, here, begin, end);
      before = here;
    }
  };
  if (at.outer == 1) {
    const std::int64_t grain = std::max<std::int64_t>(64, elementwise_grain / std::max<std::int64_t>(1, at.count));
    parallel_for(at.inner, grain, [&](std::int64_t begin, std::int64_t end) { slice(0, begin, end); });
    return;
  }
  for_slices(at, [&](std::int64_t o) { slice(o, 0, at.inner); });
}

/// From this number of steps on, sums and products of float are computed in double.
constexpr std::int64_t long_scan = 4096;
/// Columns whose sums of double stay in the first cache.
constexpr std::int64_t wide_columns = 256;

/// Calls piece(start, columns) for pieces of up to 256 columns; `start` is the place of a piece's first element.
template <class F>
void long_columns(const ScanLayout& at, const F& piece) {
  const std::int64_t pieces = (at.inner + wide_columns - 1) / wide_columns;
  const std::int64_t grain = std::max<std::int64_t>(
      1, elementwise_grain / std::max<std::int64_t>(1, at.count * std::min(at.inner, wide_columns)));
  parallel_rows(at.outer * pieces, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t first = p % pieces * wide_columns;
      piece(p / pieces * at.count * at.inner + first, std::min(wide_columns, at.inner - first));
    }
  });
}

/// A scan of float in double. f(sum, element) is the next sum.
template <class F>
void long_cumulative(const float* in, float* out, const ScanLayout& at, bool exclusive, double neutral, const F& f) {
  long_columns(at, [&](std::int64_t start, std::int64_t columns) {
    if (at.inner == 1) {  // in a register: as quick as float, since each step waits for the one before
      double sum = neutral;
      const std::int64_t step = at.reverse ? -1 : 1;
      for (std::int64_t left = at.count, i = start + (at.reverse ? at.count - 1 : 0); left > 0; --left, i += step) {
        const double next = f(sum, static_cast<double>(in[i]));
        out[i] = static_cast<float>(exclusive ? sum : next);
        sum = next;
      }
      return;
    }
    double sum[wide_columns];
    std::fill_n(sum, columns, neutral);
    for (std::int64_t i = 0; i < at.count; ++i) {
      const std::int64_t row = start + (at.reverse ? at.count - 1 - i : i) * at.inner;
      for (std::int64_t k = 0; k < columns; ++k) {
        const double next = f(sum[k], static_cast<double>(in[row + k]));
        out[row + k] = static_cast<float>(exclusive ? sum[k] : next);
        sum[k] = next;
      }
    }
  });
}

/// Integers are added as unsigned ones, which wrap around.
template <class F>
void cumulative(DType dtype, const void* in_, void* out_, const ScanLayout& at, bool exclusive, int neutral,
                const F& f) {
  visit(dtype, [&]<class Element>(Type<Element>) {
    if constexpr (std::is_arithmetic_v<Element> && !std::is_same_v<Element, bool>) {
      using T = typename std::conditional_t<std::is_integral_v<Element>, std::make_unsigned<Element>,
                                            std::enable_if<true, Element>>::type;
      const T* in = static_cast<const T*>(in_);
      T* out = static_cast<T*>(out_);
      const auto first = static_cast<T>(neutral);
      if constexpr (std::is_same_v<T, float>) {
        if (at.count > long_scan) return long_cumulative(in, out, at, exclusive, neutral, f);
      }
      if (at.inner == 1) {
        const std::int64_t step = at.reverse ? -1 : 1;
        for_slices(at, [=](std::int64_t o) {
          T sum = first;
          std::int64_t i = o * at.count + (at.reverse ? at.count - 1 : 0);
          for (std::int64_t left = at.count; left > 0; --left, i += step) {
            const T next = static_cast<T>(f(sum, in[i]));
            out[i] = exclusive ? sum : next;
            sum = next;
          }
        });
        return;
      }
      scan(at, [=](std::int64_t before, std::int64_t here, std::int64_t begin, std::int64_t end) {
        if (before < 0) {
          for (std::int64_t k = begin; k < end; ++k) out[here + k] = exclusive ? first : in[here + k];
        } else {
          const T* more = in + (exclusive ? before : here);
          for (std::int64_t k = begin; k < end; ++k) out[here + k] = static_cast<T>(f(out[before + k], more[k]));
        }
      });
    }
  });
}

}  // namespace

void cumulative_sum(DType dtype, const void* in, void* out, const ScanLayout& at, bool exclusive) {
  cumulative(dtype, in, out, at, exclusive, 0, [](auto a, auto b) { return a + b; });
}

void cumulative_product(DType dtype, const void* in, void* out, const ScanLayout& at, bool exclusive) {
  cumulative(dtype, in, out, at, exclusive, 1, [](auto a, auto b) { return a * b; });
}

// The gradient of cumulative products and of other scans is one of these.
template <class T>
void linear_recurrence(const T* a, const T* b, T* out, const ScanLayout& at) {
  if (std::is_same_v<T, float> && at.count > long_scan) {
    long_columns(at, [&](std::int64_t start, std::int64_t columns) {
      double last[wide_columns] = {};
      for (std::int64_t i = 0; i < at.count; ++i) {
        const std::int64_t row = start + (at.reverse ? at.count - 1 - i : i) * at.inner;
        for (std::int64_t k = 0; k < columns; ++k) {
          // Not a_0 times the 0 before: it may be infinite.
          const double before = i == 0 ? 0 : static_cast<double>(a[row + k]) * last[k];
          last[k] = static_cast<double>(b[row + k]) + before;
          out[row + k] = static_cast<T>(last[k]);
        }
      }
    });
    return;
  }
  scan(at, [=](std::int64_t before, std::int64_t here, std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      out[here + k] = before < 0 ? b[here + k] : b[here + k] + a[here + k] * out[before + k];
    }
  });
}

template void linear_recurrence(const float*, const float*, float*, const ScanLayout&);
template void linear_recurrence(const double*, const double*, double*, const ScanLayout&);

}  // namespace xtape::kernels
