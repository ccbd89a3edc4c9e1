#include "kernels/scatter_rows.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/dispatch.hpp"
#include "kernels/few.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "xtape/base/memory.hpp"

// to[index[i]] += from[i], the gradient of gather. Rows of the result belong to threads, so that nothing is added at
// the same time and the order is that of i. Where thousands of rows are added to one (a small table, a frequent word),
// float32 sums are kept in double on the side; counting the indices, to know where, is worth it only if one may occur
// that often.
namespace xtape::kernels {
namespace {

template <class T>
T sum(T a, T b) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return BFloat16(static_cast<float>(a) + static_cast<float>(b));
  } else if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;  // wraps around, where a signed overflow is undefined
    return static_cast<T>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
  } else {
    return a + b;
  }
}

/// A row to which more rows than this are added is kept in double: a sum of float32 loses the digits of what is added
/// to it after some thousand, one of bfloat16 after some ten.
template <class T>
constexpr std::int64_t many = std::is_same_v<T, BFloat16> ? 8 : 4096;

/// The sums of rows to which many are added, in double until finish() rounds them.
template <class T>
class LongSums {
 public:
  LongSums(T* to, std::int64_t rows, const std::int64_t* index, std::int64_t n, std::int64_t width)
      : to_(to), width_(width) {
    if (n <= many<T> || !may_repeat(index, n)) return;
    place_.resize(static_cast<std::size_t>(rows), 0);
    for (std::int64_t i = 0; i < n; ++i) ++place_[static_cast<std::size_t>(index[i])];
    std::int64_t places = 0;
    for (auto& place : place_) place = place > many<T> ? places++ : -1;
    if (places == 0) {
      place_.clear();
      return;
    }
    sums_.resize(static_cast<std::size_t>(places * width));
    for_each([](double& sum, T& element) { sum = wide(element); });
  }
  /// Adds the row and returns true, if row `at` of the result is one of them.
  bool add(std::int64_t at, const T* row) {
    if (place_.empty() || place_[static_cast<std::size_t>(at)] < 0) return false;
    double* const sum = sums_.data() + place_[static_cast<std::size_t>(at)] * width_;
    for (std::int64_t j = 0; j < width_; ++j) sum[j] += wide(row[j]);
    return true;
  }
  void finish() {
    for_each([](double& sum, T& element) { element = T(static_cast<float>(sum)); });
  }

 private:
  /// False only where no index occurs more than `many` times. Counts indices by their class modulo 2048, which takes 8
  /// KB of the first cache instead of a counter for each row: an index does not occur more often than its class.
  static bool may_repeat(const std::int64_t* index, std::int64_t n) {
    constexpr std::size_t classes = 2048;
    std::int32_t count[classes] = {};
    std::int32_t largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      largest = std::max(largest, ++count[static_cast<std::size_t>(index[i]) % classes]);
    }
    return largest > many<T>;
  }
  static double wide(T value) { return static_cast<double>(static_cast<float>(value)); }
  template <class F>
  void for_each(const F& f) {
    for (std::size_t row = 0; row < place_.size(); ++row) {
      for (std::int64_t j = 0; place_[row] >= 0 && j < width_; ++j) {
        f(sums_[static_cast<std::size_t>(place_[row] * width_ + j)], to_[static_cast<std::int64_t>(row) * width_ + j]);
      }
    }
  }

  T* to_;
  std::int64_t width_;
  detail::PoolVector<std::int64_t> place_;  ///< of each row's sum; -1 for none
  detail::PoolVector<double> sums_;
};
/// Integers, which wrap around, and doubles need none.
template <class T>
requires(!std::is_same_v<T, float> && !std::is_same_v<T, BFloat16>) class LongSums<T> {
 public:
  LongSums(T*, std::int64_t, const std::int64_t*, std::int64_t, std::int64_t) {}
  bool add(std::int64_t, const T*) { return false; }
  void finish() {}
};

}  // namespace

void scatter_add_rows(DType dtype, void* to_, std::int64_t rows, const void* from_, const std::int64_t* index,
                      std::int64_t n, std::int64_t width) {
  if (n * width == 0) return;
  visit(dtype, [&]<class T>(Type<T>) {
    auto* to = static_cast<T*>(to_);
    const auto* from = static_cast<const T*>(from_);
    LongSums<T> long_sums(to, rows, index, n, width);
    const auto add_between = [=, &long_sums](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = 0; i < n; ++i) {
        if (index[i] < begin || index[i] >= end) continue;
        T* out = to + index[i] * width;
        const T* in = from + i * width;
        if (long_sums.add(index[i], in)) continue;
        if constexpr (vectorised<T>) {
          if (width > 1) {
            map_row(
                width, out, [](auto p, auto q) { return p + q; }, out, in);
            continue;
          }
        }
        for (std::int64_t j = 0; j < width; ++j) out[j] = sum(out[j], in[j]);
      }
    };
    // Each thread looks through all indices for those of its rows, which pays where rows are wider than indices.
    if (width >= 16 && n * width >= 2 * elementwise_grain) {
      parallel_rows(rows, std::max<std::int64_t>(1, rows / 64), add_between);
    } else {
      add_between(0, rows);
    }
    long_sums.finish();
  });
}

}  // namespace xtape::kernels
