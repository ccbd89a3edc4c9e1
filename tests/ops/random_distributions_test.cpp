#include <algorithm>
#include <cmath>
#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/random.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using random::Generator;

namespace {

const Table<Alone> random_distributions_alone{{"random::exponential"}, {"random::gamma"},    {"random::beta"},
                                              {"random::poisson"},     {"random::binomial"}, {"random::choice"}};

const FunctionRows random_distributions_replays{
    {"random::exponential", [](const OpInputs& x) { return random::exponential({20}) * x[0]; }, fresh_inputs({{20}})},
    {"random::gamma", [](const OpInputs& x) { return random::gamma(x[0]); }, fresh_inputs({{20}}, float32, 0.1, 4),
     [] { return OpInputs{zeros({20})}; }},
    {"random::gamma", [](const OpInputs& x) { return random::gamma({20}, 2.5) * x[0]; }, fresh_inputs({{20}})},
    {"random::beta", [](const OpInputs& x) { return random::beta(x[0], x[1]); },
     fresh_inputs({{5, 1}, {4}}, float32, 0.1, 4)},
    {"random::poisson", [](const OpInputs& x) { return random::poisson(x[0]); }, fresh_inputs({{20}}, float32, 0, 30),
     [] { return OpInputs{full({20}, -1)}; }},
    {"random::binomial", [](const OpInputs& x) { return random::binomial(40.0, x[0]); },
     fresh_inputs({{20}}, float32, 0, 1), [] { return OpInputs{full({20}, 1.5)}; }},
    {"random::choice", [](const OpInputs& x) { return random::choice(x[0], 6); }, fresh_inputs({{8, 2}})},
    {"random::choice",
     [](const OpInputs& x) { return random::choice(x[0], 3, {.replace = false, .p = sigmoid(x[0])}); },
     fresh_inputs({{8}})},
};

constexpr std::int64_t many = 100'000;

/// The largest distance of the numbers' distribution from a distribution function (Kolmogorov and Smirnov), times the
/// root of their number: above 2.4 with probability 2 10^-5.
double distance(const Tensor& numbers, const std::function<double(double)>& distribution) {
  std::vector<double> x = to_doubles(numbers);
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double below = static_cast<double>(i) / n, p = distribution(x[i]);
    largest = std::max({largest, p - below, below + 1 / n - p});
  }
  return largest * std::sqrt(n);
}

/// The distribution function of the gamma distribution, by its series.
double gamma_distribution(double alpha, double z) {
  double sum = 1, term = 1;
  for (double k = 1; k < 2000 && term > 1e-17 * sum; ++k) sum += term *= z / (alpha + k);
  return z <= 0 ? 0 : std::exp(alpha * std::log(z) - z - std::lgamma(alpha + 1)) * sum;
}

/// Mean and variance within five standard errors, the latter for a kurtosis of up to 12.
void check_moments(const Tensor& x, double mean, double variance) {
  const Tensor wide = cast(x, float64);
  const auto n = static_cast<double>(x.size());
  CHECK_CLOSE(reduce_mean(wide).item(), mean, 0, 5 * std::sqrt(variance / n));
  CHECK_CLOSE(reduce_variance(wide).item(), variance, 0, 5 * variance * std::sqrt(11 / n));
}

/// The numbers of a count's draws are those of its probabilities, within five standard deviations.
void check_counts(const Tensor& x, const std::function<double(double)>& probability) {
  std::vector<double> found(2000);
  REQUIRE(reduce_all((x >= 0) & (x < 2000)).item<bool>());
  for (const double value : to_doubles(x)) {
    found[static_cast<std::size_t>(value)] += 1;
  }
  const auto n = static_cast<double>(x.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    const double p = probability(static_cast<double>(k));
    CAPTURE(k);
    if (n * p > 5) CHECK_CLOSE(found[k], n * p, 0, 5 * std::sqrt(n * p * (1 - p)) + 1);
  }
}

}  // namespace

TEST_CASE("random.exponential: distribution, scale, dtypes, errors") {
  Generator generator(3);
  const Tensor x = random::exponential({many}, 2.5, float64, generator);
  CHECK(distance(x, [](double z) { return -std::expm1(-z / 2.5); }) < 2.4);
  check_moments(x, 2.5, 6.25);
  CHECK(random::exponential({3}, 1, bfloat16).dtype() == bfloat16);
  CHECK_TENSOR_EQ(random::exponential({4}, 0), zeros({4}));
  CHECK(random::exponential({0, 2}).shape() == Shape{0, 2});
  CHECK_THROWS_TEXT(ValueError, "[random.exponential] expected a finite scale of at least 0, received -1",
                    random::exponential({2}, -1));
  CHECK_THROWS_TEXT(TypeError, "[random.exponential] expected a floating dtype", random::exponential({2}, 1, int32));
}

TEST_CASE("random.gamma: distribution and moments for small and large alpha") {
  for (const double alpha : {0.1, 0.7, 1.0, 3.5, 40.0}) {
    CAPTURE(alpha);
    Generator generator(4);
    const Tensor x = random::gamma({many}, alpha, float64, generator);
    CHECK(distance(x, [alpha](double z) { return gamma_distribution(alpha, z); }) < 2.4);
    check_moments(x, alpha, alpha);
    Generator again(4);
    CHECK_SAME_BITS(random::gamma(full({many}, alpha, float64), again), x);
  }
  CHECK(random::gamma(ones({2, 3}, bfloat16)).dtype() == bfloat16);
  CHECK(random::gamma({0}, 2).shape() == Shape{0});
  CHECK_THROWS_TEXT(ValueError, "[random.gamma] expected finite numbers above 0, received 0 at position 1",
                    random::gamma(tensor({1, 0})));
  CHECK_THROWS_TEXT(ValueError, "[random.gamma] expected finite numbers above 0, received inf",
                    random::gamma({2}, INFINITY));
  CHECK_THROWS_TEXT(TypeError, "[random.gamma] expected a floating tensor", random::gamma(ones({2}, int32)));
}

TEST_CASE("random.gamma: the gradient is that of the quantile, by differences of the distribution function") {
  for (const double alpha : {0.05, 0.4, 1.0, 2.5, 30.0, 400.0}) {
    CAPTURE(alpha);
    Generator generator(5);
    const Tensor a = full({40}, alpha, float64);
    GradientTape tape;
    tape.watch(a);
    const Tensor z = random::gamma(a, generator);
    const auto slopes = to_doubles(tape.gradient(z, a)), values = to_doubles(z);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double at = values[i], h = 1e-5 * alpha;
      if (at < 1e-200) continue;
      const double by_alpha = (gamma_distribution(alpha + h, at) - gamma_distribution(alpha - h, at)) / (2 * h);
      const double density = std::exp((alpha - 1) * std::log(at) - at - std::lgamma(alpha));
      CHECK_CLOSE(slopes[i], -by_alpha / density, 1e-4, 1e-9);
    }
  }
  // The mean is alpha, so that of the gradients is 1.
  const Tensor a = full({many}, 0.8);
  GradientTape tape;
  tape.watch(a);
  CHECK_CLOSE(reduce_mean(tape.gradient(random::gamma(a), a)).item(), 1, 0, 0.02);
}

TEST_CASE("random.beta: moments, distribution, gradients of the mean") {
  Generator generator(6);
  const double a = 2, b = 3.5;
  const Tensor x = random::beta({many}, a, b, float64, generator);
  check_moments(x, a / (a + b), a * b / (std::pow(a + b, 2) * (a + b + 1)));
  CHECK(distance(random::beta({many}, 2, 1, float64, generator), [](double z) { return z * z; }) < 2.4);
  const Tensor alpha = full({many, 1}, a, float64), other = full({1}, b, float64);
  GradientTape tape;
  tape.watch({alpha, other});
  const Tensor y = random::beta(alpha, other, generator);
  CHECK(y.shape() == Shape{many, 1});
  const Tensors d = tape.gradient(reduce_mean(y), {alpha, other});
  CHECK_CLOSE(reduce_sum(d[0]).item(), b / std::pow(a + b, 2), 0, 0.002);
  CHECK_CLOSE(reduce_sum(d[1]).item(), -a / std::pow(a + b, 2), 0, 0.002);
  CHECK(random::beta(ones({2}, bfloat16), ones({2}, bfloat16)).dtype() == bfloat16);
  CHECK(reduce_all(random::beta({1000}, 1e-4, 1e-4) >= 0).item<bool>());  // no 0 / 0
  CHECK_THROWS_TEXT(ValueError, "[random.beta] expected finite numbers above 0", random::beta({2}, 1, -1));
  CHECK_THROWS_TEXT(TypeError, "[random.beta] dtypes differ", random::beta(ones({2}), ones({2}, float64)));
}

TEST_CASE("random.poisson: probabilities of small and large rates") {
  for (const double rate : {0.0, 0.3, 4.0, 9.9, 10.1, 60.0, 700.0}) {
    CAPTURE(rate);
    Generator generator(7);
    const Tensor x = random::poisson({many}, rate, int64, generator);
    CHECK(x.dtype() == int64);
    check_counts(x, [rate](double k) {
      return rate == 0 ? double(k == 0) : std::exp(k * std::log(rate) - rate - std::lgamma(k + 1));
    });
    check_moments(x, rate, rate);
  }
  check_moments(random::poisson(full({many}, 1e6, float64)), 1e6, 1e6);
  CHECK(random::poisson(ones({2, 3}, bfloat16)).dtype() == bfloat16);
  CHECK_THROWS_TEXT(ValueError, "[random.poisson] expected rates from 0 to 10^9, received -1 at position 0",
                    random::poisson({2}, -1));
  CHECK_THROWS_TEXT(TypeError, "[random.poisson] expected a numeric tensor, received bool",
                    random::poisson({2}, 1, boolean));
}

TEST_CASE("random.binomial: probabilities of few and many trials") {
  for (const auto& row : std::vector<std::pair<double, double>>{
           {0, 0.4}, {5, 0}, {5, 1}, {1, 0.3}, {12, 0.4}, {12, 0.9}, {1000, 0.002}, {60, 0.5}, {1500, 0.7}}) {
    const double trials = row.first, chance = row.second;
    CAPTURE(trials);
    CAPTURE(chance);
    Generator generator(8);
    const Tensor x = random::binomial({many}, trials, chance, int32, generator);
    check_counts(x, [trials, chance](double k) {
      if (k > trials) return 0.0;
      if (chance == 0 || chance == 1) return double(k == trials * chance);
      return std::exp(std::lgamma(trials + 1) - std::lgamma(k + 1) - std::lgamma(trials - k + 1) +
                      k * std::log(chance) + (trials - k) * std::log1p(-chance));
    });
    check_moments(x, trials * chance, trials * chance * (1 - chance));
  }
  CHECK(random::binomial(tensor({3, 4}, {2, 1}, float32), tensor({0.1, 0.2, 0.3}, float32)).shape() == Shape{2, 3});
  CHECK_THROWS_TEXT(ValueError, "[random.binomial] expected whole numbers of trials from 0 to 10^9, received 1.5",
                    random::binomial({2}, 1.5, 0.5));
  CHECK_THROWS_TEXT(ValueError, "[random.binomial] expected probabilities from 0 to 1, received 2",
                    random::binomial({2}, 1, 2));
}

TEST_CASE("random.choice: with and without replacement and probabilities") {
  Generator generator(9);
  const Tensor x = tensor({10, 20, 30, 40}), p = tensor({0, 1, 3, 4});
  const auto share = [&](const Tensor& drawn, double value) {
    return reduce_mean(cast(drawn == value, float64)).item();
  };
  const Tensor alike = random::choice(x, many, {}, generator), weighted = random::choice(x, many, {.p = p}, generator);
  for (const double value : {10.0, 20.0, 30.0, 40.0}) CHECK_CLOSE(share(alike, value), 0.25, 0, 0.008);
  CHECK_CLOSE(share(weighted, 10), 0, 0);
  CHECK_CLOSE(share(weighted, 20), 0.125, 0, 0.008);
  CHECK_CLOSE(share(weighted, 40), 0.5, 0, 0.008);
  CHECK_TENSOR_EQ(sort(random::choice(x, 4, {.replace = false}, generator)), x);
  CHECK_TENSOR_EQ(sort(random::choice(x, 3, {.replace = false, .p = p}, generator)), tensor({20, 30, 40}));
  double first = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto two = to_doubles(random::choice(x, 2, {.replace = false, .p = p}, generator));
    first += two[0] == 40 ? 1 : 0;
    CHECK(two[0] != two[1]);
  }
  CHECK_CLOSE(first / 2000, 0.5, 0, 0.06);
  CHECK(random::choice(ones({3, 2}), 5).shape() == Shape{5, 2});
  CHECK(random::choice(ones({0, 2}), 0).shape() == Shape{0, 2});
  CHECK_THROWS_TEXT(ValueError,
                    "[random.choice] expected slices to choose from, and a count of at least 0 that they "
                    "suffice for: (4,) and 5",
                    random::choice(x, 5, {.replace = false}));
  CHECK_THROWS_TEXT(ValueError, "[random.choice] expected 4 probabilities, received shape (3,)",
                    random::choice(x, 1, {.p = ones({3})}));
  CHECK_THROWS_TEXT(ValueError, "[random.choice] expected at least 4 probabilities above 0, received 3",
                    random::choice(x, 4, {.replace = false, .p = p}));
  CHECK_THROWS_TEXT(ValueError,
                    "[random.choice] expected finite probabilities of at least 0, received -1 at position 0",
                    random::choice(x, 1, {.p = tensor({-1, 1, 1, 1})}));
}

TEST_CASE("random distributions: the same numbers for any number of threads, others in the next call") {
  const auto all = [](int threads) {
    const Threads scope(threads);
    Generator generator(10);
    return concat({random::gamma({5000}, 0.5, float64, generator), random::poisson({5000}, 20, float64, generator),
                   random::binomial({5000}, 50, 0.4, float64, generator)},
                  0);
  };
  CHECK_SAME_BITS(all(1), all(3));
  Generator generator(11);
  const Tensor first = random::gamma({100}, 2, float64, generator),
               second = random::gamma({100}, 2, float64, generator);
  CHECK_FALSE(reduce_any(first == second).item<bool>());
}
