#include "kernels/adam.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "xtape/base/threads.hpp"

using xtape::kernels::adam;

TEST_CASE_TEMPLATE("adam: three steps from a constant gradient, against Keras's formula by hand", T, float, double) {
  // With a constant gradient g, m and v after t steps are g (1 - beta_1^t) and g^2 (1 - beta_2^t), so that each step is
  // lr g / (|g| + epsilon / sqrt(1 - beta_2^t)): almost lr, whatever g.
  const double lr = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  for (std::int64_t n : {1, 2, 7, 16, 33, 1000}) {
    CAPTURE(n);
    const auto size = static_cast<std::size_t>(n);
    std::vector<T> p(size, T(1)), g(size), m(size, T(0)), v(size, T(0));
    for (std::size_t i = 0; i < size; ++i) g[i] = T(i % 2 == 0 ? 0.5 : -2.0) * T(i % 5 + 1);
    std::vector<double> expected(size, 1.0);
    for (int t = 1; t <= 3; ++t) {
      const double alpha = lr * std::sqrt(1 - std::pow(beta_2, t)) / (1 - std::pow(beta_1, t));
      adam(n, p.data(), g.data(), m.data(), v.data(), alpha, beta_1, beta_2, epsilon);
      for (std::size_t i = 0; i < size; ++i) {
        const double gradient = static_cast<double>(g[i]);
        expected[i] -= lr * gradient / (std::abs(gradient) + epsilon / std::sqrt(1 - std::pow(beta_2, t)));
        // 1 - 0.999 in float32 has four digits less than a float.
        const double tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-11;
        REQUIRE(static_cast<double>(m[i]) == doctest::Approx(gradient * (1 - std::pow(beta_1, t))).epsilon(tolerance));
        REQUIRE(static_cast<double>(v[i]) ==
                doctest::Approx(gradient * gradient * (1 - std::pow(beta_2, t))).epsilon(tolerance));
        REQUIRE(static_cast<double>(p[i]) - 1 == doctest::Approx(expected[i] - 1).epsilon(tolerance * 20));
      }
    }
  }
}

TEST_CASE("adam: a gradient of zero moves nothing, an infinite one gives NaN") {
  std::vector<double> p = {1, 1}, g = {0, INFINITY}, m = {0, 0}, v = {0, 0};
  adam(2, p.data(), g.data(), m.data(), v.data(), 0.001, 0.9, 0.999, 1e-7);
  CHECK(p[0] == 1.0);
  CHECK(std::isnan(p[1]));
}

TEST_CASE_TEMPLATE("adam: neither the number of threads nor the place in the array changes a bit", T, float, double) {
  const std::int64_t n = 200003;
  const int before = xtape::num_threads();
  std::vector<std::vector<T>> results;
  for (int threads : {1, 2, 3}) {
    xtape::set_num_threads(threads);
    std::vector<T> p(n), g(n), m(n), v(n);
    for (std::int64_t i = 0; i < n; ++i) {
      const T x = std::sin(T(i % 101));
      p[i] = x;
      g[i] = x * x - T(0.3);
      m[i] = x * T(0.1);
      v[i] = x * x;
    }
    adam(n, p.data(), g.data(), m.data(), v.data(), T(0.01), T(0.9), T(0.999), T(1e-7));
    results.push_back(p);
    CHECK(results.back() == results.front());
  }
  xtape::set_num_threads(before);
  for (std::int64_t i = 101; i < n; ++i) REQUIRE(results[0][i] == results[0][i - 101]);
}
