#include "initializers/variance_scaling.hpp"

#include <algorithm>
#include <cmath>

#include "support/check.hpp"
#include "xtape/core/random.hpp"
#include "xtape/initializers/variance_scaling.hpp"

using namespace xtape;
using initializers::GlorotUniform;
using initializers::HeNormal;

namespace {

struct Statistics {
  double mean = 0, variance = 0, largest = 0;
  explicit Statistics(const Tensor& t) {
    const auto values = t.to_vector<double>();
    const auto n = static_cast<double>(values.size());
    for (const double v : values) mean += v / n;
    for (const double v : values) variance += (v - mean) * (v - mean) / n;
    for (const double v : values) largest = std::max(largest, std::abs(v));
  }
};

}  // namespace

TEST_CASE("initializers: fans as Keras counts them") {
  const auto fans = [](const Shape& shape) {
    const auto [in, out] = detail::fans_of(shape);
    return std::vector<double>{in, out};
  };
  CHECK(fans({}) == std::vector<double>{1, 1});
  CHECK(fans({5}) == std::vector<double>{5, 5});
  CHECK(fans({784, 100}) == std::vector<double>{784, 100});
  CHECK(fans({3, 16, 32}) == std::vector<double>{48, 96});
  CHECK(fans({3, 5, 16, 32}) == std::vector<double>{240, 480});
}

TEST_CASE("initializers: glorot_uniform fills [-limit, limit) with variance limit^2 / 3") {
  for (const auto& [shape, limit] :
       {std::pair{Shape{300, 100}, std::sqrt(6.0 / 400)}, std::pair{Shape{3, 3, 40, 80}, std::sqrt(6.0 / (9 * 120))}}) {
    const Statistics s(GlorotUniform{.seed = 3}(shape, float64));
    CHECK(s.largest <= limit);
    CHECK(s.largest > 0.999 * limit);
    // Five standard errors of a mean and of a variance of n samples, n being about 3e4.
    const auto n = static_cast<double>(shape.numel());
    CHECK(std::abs(s.mean) < 5 * limit / std::sqrt(3 * n));
    CHECK(s.variance == doctest::Approx(limit * limit / 3).epsilon(5 * std::sqrt(0.8 / n)));
  }
}

TEST_CASE("initializers: he_normal has variance 2 / fan_in and stops at two deviations before the cut") {
  for (const auto& [shape, fan_in] : {std::pair{Shape{200, 150}, 200.0}, std::pair{Shape{3, 3, 40, 80}, 360.0}}) {
    const Statistics s(HeNormal{.seed = 3}(shape, float64));
    const double bound = 2 * std::sqrt(2 / fan_in) / 0.87962566103423978;
    CHECK(s.largest <= bound);
    CHECK(s.largest > 0.99 * bound);
    const auto n = static_cast<double>(shape.numel());
    CHECK(std::abs(s.mean) < 5 * std::sqrt(2 / fan_in / n));
    CHECK(s.variance == doctest::Approx(2 / fan_in).epsilon(5 * std::sqrt(2 / n)));
  }
}

TEST_CASE("initializers: an axis of size 0 divides nothing by zero") {
  CHECK(GlorotUniform()({0, 0}).size() == 0);
  CHECK(HeNormal()({0, 3}).shape() == Shape{0, 3});
}

TEST_CASE("initializers: a seed gives the same numbers each time, no seed new ones from the default generator") {
  CHECK_SAME_BITS(GlorotUniform({.seed = 5})({4, 4}), GlorotUniform{.seed = 5}({4, 4}));
  CHECK_SAME_BITS(HeNormal({.seed = 5})({4, 4}), HeNormal{.seed = 5}({4, 4}));
  CHECK(GlorotUniform{.seed = 5}({4, 4}).to_vector<float>() != GlorotUniform{.seed = 6}({4, 4}).to_vector<float>());
  CHECK(HeNormal{.seed = 5}({4, 4}).to_vector<float>() != HeNormal{.seed = 6}({4, 4}).to_vector<float>());

  random::set_seed(11);
  const Tensor first = GlorotUniform()({8}), second = GlorotUniform()({8}), third = HeNormal()({8});
  CHECK(first.to_vector<float>() != second.to_vector<float>());
  random::set_seed(11);
  CHECK_SAME_BITS(GlorotUniform()({8}), first);
  CHECK_SAME_BITS(GlorotUniform()({8}), second);
  CHECK_SAME_BITS(HeNormal()({8}), third);
}
