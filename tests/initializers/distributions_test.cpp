#include <algorithm>
#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/initializers/identity.hpp"
#include "xtape/initializers/initializer.hpp"
#include "xtape/initializers/orthogonal.hpp"
#include "xtape/initializers/random_initializers.hpp"
#include "xtape/initializers/variance_scaling.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using namespace xtape::initializers;

namespace {

/// What a distribution's draws of one shape should look like.
struct Case {
  const char* name;
  Initializer initializer;
  double mean, variance;
  double low, high;  ///< the bounds; infinite for a normal distribution
  double fourth;     ///< the fourth central moment over the squared variance: 3 for the normal distribution
};

const Shape shape{250, 150};  // fan_in 250, fan_out 150
constexpr double unbounded = HUGE_VAL;
// The standard normal distribution cut off at -2 and 2, by hand: variance 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737413,
// fourth moment 3 variance - 16 phi(2) / (2 Phi(2) - 1) = 1.4161887, which is 2.3655 variances squared.
constexpr double cut_variance = 0.7737413, cut_fourth = 2.3655;

Case normal(const char* name, const Initializer& initializer, double mean, double variance) {
  return {name, initializer, mean, variance, -unbounded, unbounded, 3};
}
Case truncated(const char* name, const Initializer& initializer, double mean, double variance) {
  const double bound = 2 * std::sqrt(variance / cut_variance);
  return {name, initializer, mean, variance, mean - bound, mean + bound, cut_fourth};
}
Case uniform(const char* name, const Initializer& initializer, double low, double high) {
  return {name, initializer, (low + high) / 2, (high - low) * (high - low) / 12, low, high, 1.8};
}

const double he = std::sqrt(6.0 / 250), lecun = std::sqrt(3.0 / 250), in_limit = std::sqrt(3 * 0.5 / 150);
const Case cases[] = {
    normal("RandomNormal", RandomNormal{.mean = 0.1, .stddev = 0.5, .seed = 1}, 0.1, 0.25),
    normal("random_normal", "random_normal", 0, 0.0025),
    uniform("RandomUniform", RandomUniform{.minval = -1, .maxval = 3, .seed = 2}, -1, 3),
    uniform("random_uniform", "random_uniform", -0.05, 0.05),
    truncated("TruncatedNormal", TruncatedNormal{.mean = 1, .stddev = 2, .seed = 3}, 1, 4 * cut_variance),
    truncated("truncated_normal", "truncated_normal", 0, 0.0025 * cut_variance),
    truncated("GlorotNormal", GlorotNormal{.seed = 4}, 0, 2.0 / 400),
    uniform("HeUniform", HeUniform{.seed = 5}, -he, he),
    truncated("LecunNormal", LecunNormal{.seed = 6}, 0, 1.0 / 250),
    uniform("LecunUniform", LecunUniform{.seed = 7}, -lecun, lecun),
    truncated("VarianceScaling", VarianceScaling{.seed = 8}, 0, 1.0 / 250),
    truncated("fan_out", VarianceScaling{.scale = 3, .mode = "fan_out", .distribution = "normal", .seed = 9}, 0,
              3.0 / 150),
    normal("fan_avg", VarianceScaling{.mode = "fan_avg", .distribution = "untruncated_normal", .seed = 10}, 0,
           1.0 / 200),
    uniform("fan_out uniform", VarianceScaling{.scale = 0.5, .mode = "fan_out", .distribution = "uniform", .seed = 11},
            -in_limit, in_limit),
};

void check_orthonormal(const Tensor& rows, double gain, double tolerance) {
  const Tensor product = matmul(rows, rows, {.transpose_b = true});
  CHECK_CLOSE(product, eye(product.shape(0), -1, rows.dtype()) * (gain * gain), tolerance, tolerance);
}

}  // namespace

TEST_CASE("initializers: moments and bounds of every distribution") {
  random::set_seed(0);
  for (const auto& c : cases) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(c.name);
      CAPTURE(dtype);
      const Tensor drawn = c.initializer(shape, dtype);
      REQUIRE(drawn.dtype() == dtype);
      const auto values = cast(drawn, float64).to_vector<double>();
      const auto n = static_cast<double>(values.size());
      double mean = 0, variance = 0, least = unbounded, greatest = -unbounded;
      for (const double v : values) mean += v / n;
      for (const double v : values) {
        variance += (v - c.mean) * (v - c.mean) / n;
        least = std::min(least, v);
        greatest = std::max(greatest, v);
      }
      // Five standard errors of a mean and of a variance of n samples.
      const double deviation = std::sqrt(c.variance);
      CHECK(std::abs(mean - c.mean) < 5 * deviation / std::sqrt(n));
      CHECK(variance == doctest::Approx(c.variance).epsilon(5 * std::sqrt((c.fourth - 1) / n)));
      if (c.high == unbounded) {
        CHECK(greatest > c.mean + 3.5 * deviation);  // of 37500 draws, with probability 1 - 2e-4
        CHECK(least < c.mean - 3.5 * deviation);
      } else {
        const double width = c.high - c.low;
        CHECK(least >= c.low - 1e-6 * width);  // the cut's variance above has seven digits
        CHECK(greatest <= c.high + 1e-6 * width);
        CHECK(least < c.low + 0.01 * width);
        CHECK(greatest > c.high - 0.01 * width);
      }
    }
  }
}

TEST_CASE("initializers: seeds of every distribution") {
  const auto values = [](const Initializer& initializer) { return initializer({4, 4}).to_vector<float>(); };
  const auto check = [&]<class T>(T initializer) {
    initializer.seed = 5;
    const auto first = values(initializer);
    CHECK(values(initializer) == first);
    initializer.seed = 6;
    CHECK(values(initializer) != first);
    initializer.seed.reset();
    random::set_seed(11);
    const auto unseeded = values(initializer);
    CHECK(values(initializer) != unseeded);
    random::set_seed(11);
    CHECK(values(initializer) == unseeded);
  };
  check(RandomNormal{});
  check(RandomUniform{});
  check(TruncatedNormal{});
  check(GlorotNormal{});
  check(HeUniform{});
  check(LecunNormal{});
  check(LecunUniform{});
  check(VarianceScaling{.distribution = "untruncated_normal"});
  check(Orthogonal{});
}

TEST_CASE("initializers: Orthogonal") {
  check_orthonormal(transpose(Orthogonal{.seed = 1}({7, 4})), 1, 2e-6);
  check_orthonormal(Orthogonal{.gain = 1.1, .seed = 1}({4, 7}, float64), 1.1, 1e-14);
  check_orthonormal(Orthogonal{.gain = -2, .seed = 1}({5, 5}, float64), 2, 1e-14);
  const Tensor kernel = Orthogonal{.seed = 2}({3, 3, 2, 8}, float64);  // 18 rows, 8 columns
  CHECK(kernel.shape() == Shape{3, 3, 2, 8});
  check_orthonormal(transpose(reshape(kernel, {18, 8})), 1, 1e-14);
  CHECK(Orthogonal()({3, 0}).shape() == Shape{3, 0});
  // Uniform: without the signs of r's diagonal the determinant and the first entry would have one sign.
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed)
    positive += Orthogonal{.seed = seed}({2, 2}).to_vector<float>()[0] > 0;
  CHECK(positive > 12);
  CHECK(positive < 52);
  CHECK_THROWS_TEXT(ValueError,
                    "[Orthogonal] The tensor to initialize must be at least two-dimensional. Received: shape=(3,) of "
                    "rank 1",
                    Orthogonal()({3}));
  CHECK_THROWS(Orthogonal()({3, 3}, int32));
}

TEST_CASE("initializers: Identity") {
  CHECK_TENSOR_EQ(Identity{}({2, 3}), constant({{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}));
  CHECK_TENSOR_EQ(Identity{.gain = 0.1}({2, 2}, float64), constant({{0.1, 0.0}, {0.0, 0.1}}, float64));
  CHECK_THROWS_TEXT(ValueError,
                    "[Identity] Identity matrix initializer can only be used for 2D matrices. Received: shape=(2,) of "
                    "rank 1",
                    Identity{}({2}));
}

TEST_CASE("initializers: VarianceScaling refuses what it does not know") {
  CHECK_THROWS_TEXT(ValueError, "[VarianceScaling] Argument `scale` must be positive float. Received: scale=0",
                    VarianceScaling{.scale = 0}({2}));
  CHECK_THROWS_TEXT(ValueError,
                    "[VarianceScaling] Invalid `mode` argument: fan. Please use one of fan_in, fan_out, fan_avg",
                    VarianceScaling{.mode = "fan"}({2}));
  CHECK_THROWS_TEXT(ValueError,
                    "[VarianceScaling] Invalid `distribution` argument: cauchy. Please use one of uniform, "
                    "truncated_normal, untruncated_normal",
                    VarianceScaling{.distribution = "cauchy"}({2}));
}
