#include "kernels/scatter_rows.hpp"

#include <cstddef>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

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

}  // namespace

void scatter_add_rows(DType dtype, void* to_, std::int64_t rows, const void* from_, const std::int64_t* index,
                      std::int64_t n, std::int64_t width) {
  if (n * width == 0) return;
  visit(dtype, [&]<class T>(Type<T>) {
    auto* to = static_cast<T*>(to_);
    const auto* from = static_cast<const T*>(from_);
    const auto add_between = [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = 0; i < n; ++i) {
        if (index[i] < begin || index[i] >= end) continue;
        T* out = to + index[i] * width;
        const T* in = from + i * width;
        if constexpr (vectorised<T>) {
          if (width > 1) {
            map_row<T>(
                width, out, [](auto p, auto q) { return p + q; }, Operand<T, false>{out}, Operand<T, false>{in});
            continue;
          }
        }
        for (std::int64_t j = 0; j < width; ++j) out[j] = sum(out[j], in[j]);
      }
    };
    // Threads own rows of the result and each looks through all indices, which pays where rows are wider than these.
    if (width >= 16 && n * width >= 2 * elementwise_grain) {
      parallel_rows(rows, std::max<std::int64_t>(1, rows / 64), add_between);
    } else {
      add_between(0, rows);
    }
  });
}

}  // namespace xtape::kernels
