#include "kernels/inplace.hpp"

#include "kernels/dispatch.hpp"
#include "kernels/few.hpp"
#include "kernels/parallel.hpp"

namespace xtape::kernels {

void add_in_place(DType dtype, void* a_, const void* b_, std::int64_t n, bool subtract) {
  visit(dtype, [&]<class T>(Type<T>) {
    auto* a = static_cast<T*>(a_);
    const auto* b = static_cast<const T*>(b_);
    parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      if constexpr (std::is_same_v<T, BFloat16>) {  // in float32, rounded once
        for (std::int64_t i = begin; i < end; ++i) {
          const float delta = static_cast<float>(b[i]);
          a[i] = BFloat16(static_cast<float>(a[i]) + (subtract ? -delta : delta));
        }
      } else if constexpr (std::is_same_v<T, bool>) {  // a sum of bools is whether one of them is true
        for (std::int64_t i = begin; i < end; ++i) a[i] = a[i] || b[i];
      } else if constexpr (std::is_integral_v<T>) {
        using Unsigned = std::make_unsigned_t<T>;  // wraps around, where a signed overflow is undefined
        for (std::int64_t i = begin; i < end; ++i) {
          const auto p = static_cast<Unsigned>(a[i]), q = static_cast<Unsigned>(b[i]);
          a[i] = static_cast<T>(subtract ? p - q : p + q);
        }
      } else {
        if (subtract) {
          map_row(
              end - begin, a + begin, [](auto p, auto q) { return p - q; }, a + begin, b + begin);
        } else {
          map_row(
              end - begin, a + begin, [](auto p, auto q) { return p + q; }, a + begin, b + begin);
        }
      }
    });
  });
}

// A sparse gradient is added to some rows of a dense one. Its dense form would add zeros to all others, where -0 + 0 =
// 0; so that both give the same bits, this does the same. Integers have one 0.
void add_zero_in_place(DType dtype, void* a_, std::int64_t n) {
  visit(dtype, [&]<class T>(Type<T>) {
    auto* a = static_cast<T*>(a_);
    parallel_for(n, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      if constexpr (std::is_same_v<T, BFloat16>) {
        for (std::int64_t i = begin; i < end; ++i) a[i] = BFloat16(static_cast<float>(a[i]) + 0.0F);
      } else if constexpr (std::is_floating_point_v<T>) {
        for (std::int64_t i = begin; i < end; ++i) a[i] += T(0);
      }
    });
  });
}

}  // namespace xtape::kernels
