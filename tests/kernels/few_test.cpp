#include "kernels/few.hpp"

#include <vector>

#include <doctest/doctest.h>

using xtape::kernels::load_few;
using xtape::kernels::map_row;
using xtape::kernels::store_few;

TEST_CASE_TEMPLATE("few: reads and writes only the first elements", T, float, double) {
  using Batch = xsimd::batch<T>;
  for (std::int64_t count = 0; count < static_cast<std::int64_t>(Batch::size); ++count) {
    CAPTURE(count);
    // Of exactly this size, so that AddressSanitizer sees a read or write past its end.
    std::vector<T> from(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = T(i + 1);
    const Batch loaded = load_few(from.data(), count);
    T lanes[Batch::size];
    loaded.store_unaligned(lanes);
    for (std::size_t i = 0; i < Batch::size; ++i) CHECK(lanes[i] == (i < from.size() ? T(i + 1) : T(0)));

    std::vector<T> to(Batch::size, T(-1)), exact(static_cast<std::size_t>(count));
    store_few(loaded + Batch(T(1)), to.data(), count);
    for (std::size_t i = 0; i < Batch::size; ++i) CHECK(to[i] == (i < from.size() ? T(i + 2) : T(-1)));
    store_few(loaded, exact.data(), count);
    CHECK(exact == from);
  }
}

TEST_CASE_TEMPLATE("few: map_row takes every element of a row, and no other", T, float, double, int) {
  for (std::size_t n = 0; n < 40; ++n) {
    CAPTURE(n);
    std::vector<T> a(n), b(n), expected(n), exact(n);
    for (std::size_t i = 0; i < n; ++i) {
      a[i] = T(i);
      b[i] = T(3 * i);
      expected[i] = T(4 * i);
    }
    std::vector<T> to(n + 1, T(-1));
    const auto add = [](auto p, auto q) { return p + q; };
    map_row(static_cast<std::int64_t>(n), to.data(), add, a.data(), b.data());
    CHECK(to.back() == T(-1));
    map_row(static_cast<std::int64_t>(n), exact.data(), add, a.data(), b.data());
    CHECK(exact == expected);
  }
}
