#include "kernels/gradient_clipping.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/threads.hpp"

using namespace xtape::kernels;

TEST_CASE_TEMPLATE("gradient_clipping: the sum of squares of 1, ..., n is n (n + 1) (2 n + 1) / 6", T, float, double) {
  for (std::int64_t n : {0, 1, 5, 16, 37, 4096, 4097, 100000}) {
    CAPTURE(n);
    std::vector<T> x(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = T(i + 1);
    const auto k = static_cast<double>(n);
    double first = 0;
    for (int threads : {1, 2, 3}) {
      const xtape::testing::Threads scope(threads);
      const double sum = sum_of_squares(n, x.data());
      CHECK(sum == doctest::Approx(k * (k + 1) * (2 * k + 1) / 6).epsilon(1e-14));
      if (threads == 1) first = sum;
      CHECK(sum == first);
    }
  }
}

TEST_CASE("gradient_clipping: squares beyond float32") {
  const std::vector<float> x(100, 1e30f);
  CHECK(sum_of_squares(100, x.data()) == doctest::Approx(1e62).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("gradient_clipping: scale and clip", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity();
  const std::vector<T> x = {T(-3), T(-2), T(0.5), T(2), T(7), inf, -inf, std::numeric_limits<T>::quiet_NaN()};
  std::vector<T> y(x.size());
  scale(8, x.data(), T(0.5), y.data());
  for (std::size_t i = 0; i < 7; ++i) CHECK(y[i] == x[i] / 2);
  CHECK(std::isnan(y[7]));
  clip(8, x.data(), T(2), y.data());
  CHECK(std::vector<T>(y.begin(), y.begin() + 7) == std::vector<T>{T(-2), T(-2), T(0.5), T(2), T(2), T(2), T(-2)});
  CHECK(std::isnan(y[7]));
  std::vector<T> same = {T(1), T(2), T(3)};
  scale(3, same.data(), T(2), same.data());
  CHECK(same == std::vector<T>{T(2), T(4), T(6)});
}
