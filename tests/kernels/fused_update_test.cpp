#include "kernels/fused_update.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "support/threads.hpp"

using xtape::kernels::Batch;
using xtape::kernels::fused_update;

namespace {

/// p += 2 a + g;  a -= b;  b *= g
template <class T>
struct Step {
  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& a, Batch<T>& b) const {
    p = p + a + a + g;
    a = a - b;
    b = b * g;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("fused_update: every element once, whatever the length, and none beyond", T, float, double) {
  for (const std::int64_t n : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 70001}) {
    for (const int threads : {1, 2}) {
      CAPTURE(n);
      const xtape::testing::Threads scope(threads);
      const auto size = static_cast<std::size_t>(n) + 20;  // the elements after n must not change
      std::vector<T> p(size), g(size), a(size), b(size);
      for (std::size_t i = 0; i < size; ++i) {  // small whole numbers, so that all is exact
        p[i] = static_cast<T>(i % 11);
        g[i] = static_cast<T>(i % 3);
        a[i] = static_cast<T>(i % 5);
        b[i] = static_cast<T>(i % 7);
      }
      fused_update(n, p.data(), static_cast<const T*>(g.data()), Step<T>(), a.data(), b.data());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const auto k = [&](std::size_t m) { return static_cast<T>(i % m); };
        const bool updated = i < static_cast<std::size_t>(n);
        wrong += p[i] != (updated ? k(11) + 2 * k(5) + k(3) : k(11));
        wrong += g[i] != k(3);
        wrong += a[i] != (updated ? k(5) - k(7) : k(5));
        wrong += b[i] != (updated ? k(7) * k(3) : k(7));
      }
      CHECK(wrong == 0);
    }
  }
}
