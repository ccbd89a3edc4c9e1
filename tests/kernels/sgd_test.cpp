#include "kernels/sgd.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "support/threads.hpp"

using xtape::kernels::sgd;
using xtape::kernels::sgd_momentum;

TEST_CASE_TEMPLATE("sgd: the formula, for arrays of any length", T, float, double) {
  const T rate = T(0.25), momentum = T(0.5);  // exact in binary, so that every result is
  for (std::int64_t n : {1, 2, 7, 16, 33, 1000}) {
    CAPTURE(n);
    const auto size = static_cast<std::size_t>(n);
    std::vector<T> p(size), g(size), m(size);
    for (std::size_t i = 0; i < size; ++i) p[i] = T(i), g[i] = T(2) * T(i % 5) - T(4), m[i] = T(i % 3);
    auto plain = p, heavy = p, ahead = p, m_heavy = m, m_ahead = m;
    sgd(n, plain.data(), g.data(), rate);
    sgd_momentum(n, heavy.data(), g.data(), m_heavy.data(), rate, momentum, false);
    sgd_momentum(n, ahead.data(), g.data(), m_ahead.data(), rate, momentum, true);
    for (std::size_t i = 0; i < size; ++i) {
      const T next = momentum * m[i] - rate * g[i];
      REQUIRE(plain[i] == p[i] - rate * g[i]);
      REQUIRE(m_heavy[i] == next);
      REQUIRE(heavy[i] == p[i] + next);
      REQUIRE(m_ahead[i] == next);
      REQUIRE(ahead[i] == p[i] + (momentum * next - rate * g[i]));
    }
  }
}

TEST_CASE_TEMPLATE("sgd: neither the number of threads nor the place in the array changes a bit", T, float, double) {
  const std::int64_t n = 200003;
  std::vector<std::vector<T>> results;
  for (int threads : {1, 2, 3}) {
    const xtape::testing::Threads scope(threads);
    std::vector<T> p(n), g(n), m(n);
    for (std::int64_t i = 0; i < n; ++i) {
      const T x = std::sin(T(i % 101));
      p[i] = x;
      g[i] = x * x - T(0.3);
      m[i] = x * T(0.1);
    }
    sgd(n, p.data(), g.data(), T(0.01));
    sgd_momentum(n, p.data(), g.data(), m.data(), T(0.01), T(0.9), false);
    sgd_momentum(n, p.data(), g.data(), m.data(), T(0.01), T(0.9), true);
    results.push_back(p);
    CHECK(results.back() == results.front());
  }
  for (std::int64_t i = 101; i < n; ++i) REQUIRE(results[0][i] == results[0][i - 101]);
}
