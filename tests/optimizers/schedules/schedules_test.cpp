#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/optimizers/learning_rate.hpp"
#include "xtape/optimizers/schedules/cosine_decay.hpp"
#include "xtape/optimizers/schedules/decay.hpp"

using namespace xtape;
using namespace xtape::optimizers::schedules;
using optimizers::LearningRate;

namespace {

void check(const LearningRateSchedule& schedule, const std::vector<std::pair<std::int64_t, double>>& expected) {
  for (const auto& point : expected) {
    CAPTURE(point.first);
    CHECK_CLOSE(schedule(point.first), point.second, 1e-11, 1e-16);
  }
}

}  // namespace

// The cases of keras/src/optimizers/schedules/learning_rate_schedule_test.py, written out by hand.
TEST_CASE("schedules: ExponentialDecay") {
  check(ExponentialDecay(0.05, 10, 0.96), {{0, 0.05}, {5, 0.05 * std::sqrt(0.96)}, {20, 0.05 * 0.96 * 0.96}});
  check(ExponentialDecay(0.1, 3, 0.96, /*staircase=*/true),
        {{1, 0.1}, {2, 0.1}, {3, 0.096}, {100, 0.1 * std::pow(0.96, 33)}});
}

TEST_CASE("schedules: InverseTimeDecay") {
  check(InverseTimeDecay(0.1, 10, 0.96), {{0, 0.1}, {5, 0.1 / 1.48}, {10, 0.1 / 1.96}});
  check(InverseTimeDecay(0.1, 10, 0.96, /*staircase=*/true), {{0, 0.1}, {9, 0.1}, {10, 0.1 / 1.96}, {29, 0.1 / 2.92}});
}

TEST_CASE("schedules: PiecewiseConstantDecay") {
  check(PiecewiseConstantDecay({100, 110, 120}, {1.0, 0.1, 0.01, 0.001}),
        {{-999, 1}, {100, 1}, {101, 0.1}, {105, 0.1}, {110, 0.1}, {120, 0.01}, {999, 0.001}});
  check(PiecewiseConstantDecay({1, 2, 3}, {0.4, 0.5, 0.6, 0.7}), {{0, 0.4}, {1, 0.4}, {2, 0.5}, {3, 0.6}, {4, 0.7}});
  check(PiecewiseConstantDecay({}, {0.5}), {{0, 0.5}, {10, 0.5}});
}

TEST_CASE("schedules: PolynomialDecay") {
  check(PolynomialDecay(0.05, 10, 0.0), {{5, 0.025}});
  check(PolynomialDecay(0.05, 10, 0.001), {{5, 0.0255}, {10, 0.001}, {15, 0.001}});
  check(PolynomialDecay(0.05, 10, 0.001, 1, /*cycle=*/true), {{15, 0.049 * 0.25 + 0.001}});
  const double root = std::sqrt(0.5);
  check(PolynomialDecay(0.05, 10, 0.0, 0.5), {{5, 0.05 * root}});
  check(PolynomialDecay(0.05, 10, 0.001, 0.5), {{5, 0.049 * root + 0.001}, {10, 0.001}, {15, 0.001}});
  check(PolynomialDecay(0.05, 10, 0.001, 0.5, true), {{15, 0.049 * 0.5 + 0.001}});
  check(PolynomialDecay({.initial_learning_rate = 0.001, .decay_steps = 10, .cycle = true}), {{0, 0.001}});
  CHECK(PolynomialDecay({.initial_learning_rate = 0.001, .decay_steps = 10})(10) == doctest::Approx(0.0001));
  // Keras's code, run with numpy.
  check(PolynomialDecay(0.3, 10, 0.05, 2, true), {{0, 0.3},
                                                  {3, 0.1725},
                                                  {9, 0.0525},
                                                  {10, 0.05},
                                                  {11, 0.100625},
                                                  {24, 0.06},
                                                  {25, 0.0569444444444},
                                                  {30, 0.05},
                                                  {47, 0.0509},
                                                  {151, 0.050791015625}});
}

TEST_CASE("schedules: CosineDecay") {
  const double half = std::sqrt(0.5);  // cos(pi / 4)
  check(CosineDecay(1.0, 1000),
        {{0, 1}, {250, 0.5 + half / 2}, {500, 0.5}, {750, 0.5 - half / 2}, {1000, 0}, {1250, 0}});
  check(CosineDecay(1.0, 1000, 0.1), {{0, 1}, {250, 0.9 * (0.5 + half / 2) + 0.1}, {500, 0.55}, {1250, 0.1}});
  check(CosineDecay({.initial_learning_rate = 0, .decay_steps = 10, .warmup_target = 10, .warmup_steps = 1500}),
        {{0, 0}, {250, 10.0 / 6}, {750, 5}, {1250, 50.0 / 6}});
  check(CosineDecay({.initial_learning_rate = 1, .decay_steps = 1000, .warmup_target = 10, .warmup_steps = 2000}),
        {{0, 1}, {1000, 5.5}, {2000, 10}, {2250, 5 + 5 * half}, {2500, 5}, {3000, 0}, {4000, 0}});
}

TEST_CASE("schedules: CosineDecayRestarts") {
  const double half = std::sqrt(0.5);
  check(CosineDecayRestarts(1.0, 1000),
        {{0, 1}, {250, 0.5 + half / 2}, {750, 0.5 - half / 2}, {1000, 1}, {1500, 0.5 + half / 2}, {2000, 0.5}});
  // Keras's code, run with numpy.
  check(CosineDecayRestarts(
            {.initial_learning_rate = 0.3, .first_decay_steps = 10, .t_mul = 1.5, .m_mul = 0.7, .alpha = 0.1}),
        {{0, 0.3},
         {3, 0.244351009059},
         {9, 0.0366073703002},
         {10, 0.219},
         {11, 0.216934948269},
         {24, 0.0320650517307},
         {25, 0.1623},
         {30, 0.146823839912},
         {47, 0.0301611380753},
         {70, 0.0531525},
         {100, 0.0752518314965},
         {151, 0.0686397035534}});
  check(CosineDecayRestarts(0.3, 10), {{3, 0.238167787844}, {24, 0.0618322121561}, {30, 0.3}, {151, 0.299971086072}});
  check(CosineDecayRestarts(0.3, 10, 1, 0.5),
        {{3, 0.238167787844}, {10, 0.15}, {24, 0.0490881372891}, {70, 0.00234375}, {151, 8.93122794935e-06}});
}

TEST_CASE("schedules: every period of CosineDecayRestarts begins at its step, whatever the rounding of logarithms") {
  for (const double t_mul : {2.0, 3.0, 1.5}) {
    CAPTURE(t_mul);
    const CosineDecayRestarts schedule(1.0, 1024, t_mul);
    double begin = 0, length = 1024;
    for (int period = 0; period < 10; ++period, begin += length, length *= t_mul) {
      CAPTURE(period);
      CHECK(schedule(std::llround(begin)) > 0.9);
      if (begin > 0) CHECK(schedule(std::llround(begin) - 2) < 0.1);
    }
  }
}

TEST_CASE("schedules: what is refused") {
  const auto text = [](const char* name) {
    return fmt::format("[{}] Argument `decay_steps` must be > 0. Received: decay_steps=0", name);
  };
  CHECK_THROWS_TEXT(ValueError, text("ExponentialDecay"), ExponentialDecay(0.1, 0, 0.5));
  CHECK_THROWS_TEXT(ValueError, text("InverseTimeDecay"), InverseTimeDecay(0.1, 0, 0.5));
  CHECK_THROWS_TEXT(ValueError, text("PolynomialDecay"), PolynomialDecay(0.1, 0));
  CHECK_THROWS_TEXT(ValueError, text("CosineDecay"), CosineDecay(0.1, 0));
  CHECK_THROWS_TEXT(ValueError,
                    "[CosineDecayRestarts] Argument `first_decay_steps` must be > 0. Received: first_decay_steps=-1",
                    CosineDecayRestarts(0.1, -1));
  CHECK_THROWS_TEXT(ValueError, "[CosineDecayRestarts] expected t_mul > 0, received 0", CosineDecayRestarts(0.1, 1, 0));
  CHECK_THROWS_TEXT(ValueError, "[CosineDecay] expected warmup_steps >= 0, received -1",
                    CosineDecay({.initial_learning_rate = 1, .decay_steps = 1, .warmup_steps = -1}));
  CHECK_THROWS_TEXT(ValueError,
                    "[PiecewiseConstantDecay] The length of boundaries should be 1 less than the length of values. "
                    "Received: boundaries of length 2 and values of length 2",
                    PiecewiseConstantDecay({1, 2}, {0.1, 0.2}));
  CHECK_THROWS_TEXT(ValueError, "[PiecewiseConstantDecay] expected ascending boundaries, received [2, 1]",
                    PiecewiseConstantDecay({2, 1}, {0.1, 0.2, 0.3}));
}

TEST_CASE("schedules: a learning rate is a number, a schedule or a callable") {
  CHECK(LearningRate(1)(5) == 1);
  CHECK_FALSE(LearningRate(0.5).is_scheduled());
  const LearningRate scheduled = ExponentialDecay(1, 1, 0.5);
  CHECK(scheduled.is_scheduled());
  CHECK(scheduled(3) == 0.125);
  CHECK(LearningRate([](std::int64_t step) { return 2.0 * static_cast<double>(step); })(4) == 8);
  CHECK(LearningRate([] { return 3; })(4) == 3);
  CHECK_THROWS_TEXT(ValueError, "the callable is empty", LearningRate(std::function<double(std::int64_t)>()));
  CHECK_THROWS_TEXT(ValueError, "[LearningRate] the callable is empty", LearningRate(std::function<double()>()));
}
