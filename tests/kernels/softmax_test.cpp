#include "kernels/softmax.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/check.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::vector<T> random_logits(std::int64_t n) {
  static std::mt19937 generator(3);
  std::normal_distribution<double> normal(0, 5);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (auto& value : x) value = static_cast<T>(normal(generator));
  return x;
}

template <class T>
std::vector<T> softmax(const std::vector<T>& x, std::int64_t n) {
  std::vector<T> y(x.size());
  kernels::softmax(x.data(), y.data(), static_cast<std::int64_t>(x.size()) / n, n);
  return y;
}

template <class T>
std::vector<T> log_softmax(const std::vector<T>& x, std::int64_t n) {
  std::vector<T> y(x.size());
  kernels::log_softmax(x.data(), y.data(), static_cast<std::int64_t>(x.size()) / n, n);
  return y;
}

/// log softmax by its definition, in long double.
template <class T>
std::vector<double> expected_log(const std::vector<T>& x, std::int64_t n) {
  std::vector<double> y(x.size());
  for (std::size_t row = 0; row < x.size(); row += static_cast<std::size_t>(n)) {
    long double sum = 0;
    for (std::size_t i = row; i < row + static_cast<std::size_t>(n); ++i)
      sum += std::exp(static_cast<long double>(x[i]));
    for (std::size_t i = row; i < row + static_cast<std::size_t>(n); ++i) {
      y[i] = static_cast<double>(static_cast<long double>(x[i]) - std::log(sum));
    }
  }
  return y;
}

std::vector<double> exponentials(std::vector<double> x) {
  for (auto& value : x) value = std::exp(value);
  return x;
}

const std::int64_t widths[] = {1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 33, 100, 1000};

}  // namespace

TEST_CASE("softmax: by its definition, at every width") {
  for (const std::int64_t n : widths) {
    CAPTURE(n);
    const auto x = random_logits<float>(5 * n);
    CHECK_CLOSE(softmax(x, n), exponentials(expected_log(x, n)), 3e-6, 1e-30);
    CHECK_CLOSE(log_softmax(x, n), expected_log(x, n), 1e-6, 3e-6);
    const auto d = random_logits<double>(5 * n);
    CHECK_CLOSE(softmax(d, n), exponentials(expected_log(d, n)), 1e-13);
    CHECK_CLOSE(log_softmax(d, n), expected_log(d, n), 1e-14, 1e-14);
  }
}

TEST_CASE("softmax: extreme rows do not overflow") {
  CHECK_CLOSE(softmax<float>({1000, 1000}, 2), {0.5, 0.5}, 1e-7);
  CHECK_CLOSE(softmax<float>({-1000, -1000, -1000, -1000}, 4), {0.25, 0.25, 0.25, 0.25}, 1e-7);
  CHECK_CLOSE(softmax<float>({300, -300, 0}, 3), {1.0, 0.0, 0.0}, 0);
  CHECK_CLOSE(softmax<float>({3.4e38f, -3.4e38f}, 2), {1.0, 0.0}, 0);
  CHECK_CLOSE(log_softmax<float>({300, -300, 0}, 3), {0.0, -600.0, -300.0}, 1e-6);
  CHECK_CLOSE(log_softmax<double>({1e300, 0}, 2), {0.0, -1e300}, 1e-15);
  // log(1 + e^-40) is below float32's rounding of 1, but is what is left here.
  CHECK_CLOSE(log_softmax<double>({0, -30}, 2), {-std::log1p(std::exp(-30.0)), -30 - std::log1p(std::exp(-30.0))},
              1e-2);
}

TEST_CASE("softmax: -inf is a probability of 0, a row of it and NaN are NaN, +inf takes all") {
  for (const std::int64_t n : {2, 5, 16, 20, 40}) {
    CAPTURE(n);
    std::vector<double> x(static_cast<std::size_t>(n), -infinity);
    CHECK_CLOSE(softmax(x, n), std::vector<double>(x.size(), not_a_number), 0);
    x.back() = 3;
    std::vector<double> expected(x.size(), 0.0);
    expected.back() = 1;
    CHECK_CLOSE(softmax(x, n), expected, 0);
    std::vector<double> logs(x.size(), -infinity);
    logs.back() = 0;
    CHECK_CLOSE(log_softmax(x, n), logs, 0);
    x[0] = infinity;
    CHECK_CLOSE(softmax(x, n), std::vector<double>(expected.rbegin(), expected.rend()), 0);
    CHECK_CLOSE(log_softmax(x, n), std::vector<double>(logs.rbegin(), logs.rend()), 0);
    x.back() = infinity;  // equal shares
    CHECK(softmax(x, n).front() == 0.5);
    CHECK(log_softmax(x, n).back() == doctest::Approx(-std::log(2.0)));
    x[0] = not_a_number;
    CHECK_CLOSE(softmax(x, n), std::vector<double>(x.size(), not_a_number), 0);
  }
  // The rows beside it are not affected.
  CHECK_CLOSE(softmax<float>({1, 1, static_cast<float>(not_a_number), 1, 2, 2}, 2),
              {0.5, 0.5, not_a_number, not_a_number, 0.5, 0.5}, 1e-7);
}

TEST_CASE("softmax: cross-entropy from labels and from probabilities") {
  for (const std::int64_t n : widths) {
    CAPTURE(n);
    const auto x = random_logits<double>(4 * n);
    const auto logs = expected_log(x, n);
    const std::vector<std::int64_t> labels{0, n - 1, n / 2, 0};
    std::vector<double> one_hot(x.size()), soft(x.size()), loss(4), p(x.size()), expected(4), expected_soft(4);
    for (std::int64_t r = 0; r < 4; ++r) {
      const auto at = static_cast<std::size_t>(r * n + labels[static_cast<std::size_t>(r)]);
      one_hot[at] = 1;
      expected[static_cast<std::size_t>(r)] = -logs[at];
      for (std::int64_t i = r * n; i < (r + 1) * n; ++i) {
        const auto k = static_cast<std::size_t>(i);
        soft[k] = 0.1 * static_cast<double>(i % 3);
        expected_soft[static_cast<std::size_t>(r)] -= soft[k] * logs[k];
      }
    }
    kernels::sparse_cross_entropy(x.data(), labels.data(), loss.data(), p.data(), 4, n);
    CHECK_CLOSE(loss, expected, 1e-12, 1e-13);
    CHECK_CLOSE(p, exponentials(logs), 1e-13);
    kernels::cross_entropy(x.data(), one_hot.data(), loss.data(), p.data(), 4, n);
    CHECK_CLOSE(loss, expected, 1e-12, 1e-13);
    CHECK_CLOSE(p, exponentials(logs), 1e-13);
    kernels::cross_entropy(x.data(), soft.data(), loss.data(), p.data(), 4, n);
    CHECK_CLOSE(loss, expected_soft, 1e-12, 1e-13);
  }
}

TEST_CASE("softmax: cross-entropy of extreme rows") {
  const std::vector<float> x{1000, 0, -1000, 0};
  const std::int64_t labels[] = {1, 0};
  std::vector<float> loss(2), p(4);
  kernels::sparse_cross_entropy(x.data(), labels, loss.data(), p.data(), 2, 2);
  CHECK_CLOSE(loss, {1000.0, 1000.0}, 0);
  CHECK_CLOSE(p, {1.0, 0.0, 0.0, 1.0}, 0);
  // A class that is impossible (-inf) and has no share of the label costs nothing.
  const std::vector<float> masked{0, -static_cast<float>(infinity), 0}, shares{0.5, 0, 0.5};
  kernels::cross_entropy(masked.data(), shares.data(), loss.data(), p.data(), 1, 3);
  CHECK_CLOSE(loss[0], std::log(2.0), 1e-6);
}

TEST_CASE("softmax: the same bits from one thread and from two") {
  const std::int64_t n = 37;
  const auto x = random_logits<float>(3001 * n);
  const auto both = [&](int threads) {
    const testing::Threads guard(threads);
    auto y = softmax(x, n);
    const auto logs = log_softmax(x, n);
    y.insert(y.end(), logs.begin(), logs.end());
    return y;
  };
  CHECK(both(1) == both(2));
}

TEST_CASE("softmax: no rows and rows of no elements") {
  CHECK(softmax(std::vector<float>{}, 3).empty());
  float nothing = 7;
  kernels::softmax(&nothing, &nothing, 4, 0);
  kernels::log_softmax(&nothing, &nothing, 4, 0);
  CHECK(nothing == 7);
}
