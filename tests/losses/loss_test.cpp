#include "xtape/losses/loss.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using losses::MeanSquaredError;

// The numbers are those of Keras's own tests (losses_test.py, MeanSquaredErrorTest).
namespace {
const Tensor y_true = constant({{1, 9, 2}, {-5, -2, 6}});
const Tensor y_pred = constant({{4.0, 8.0, 12.0}, {8.0, 1.0, 3.0}});
}  // namespace

TEST_CASE("loss: reductions without weights") {
  CHECK_CLOSE(MeanSquaredError()(y_true, y_pred), 49.5);
  CHECK_CLOSE(MeanSquaredError({.reduction = "mean"})(y_true, y_pred), 49.5);
  CHECK_CLOSE(MeanSquaredError({.reduction = "mean_with_sample_weight"})(y_true, y_pred), 49.5);
  CHECK_CLOSE(MeanSquaredError({.reduction = "sum"})(y_true, y_pred), 99.0);
  CHECK_CLOSE(MeanSquaredError({.reduction = "none"})(y_true, y_pred), constant({110.0 / 3, 187.0 / 3}));
}

TEST_CASE("loss: a number as weight") {
  CHECK_CLOSE(MeanSquaredError()(y_true, y_pred, 2.3), 113.85);
  CHECK_CLOSE(MeanSquaredError()(y_true, y_pred, 0), 0.0);
  CHECK_CLOSE(MeanSquaredError({.reduction = "sum"})(y_true, y_pred, 2.3), 227.7);
  CHECK_CLOSE(MeanSquaredError({.reduction = "none"})(y_true, y_pred, 2.3), constant({84.33333, 143.36666}));
}

TEST_CASE("loss: a weight for each sample, of shape [batch] or [batch, 1]") {
  for (const Tensor& weights : {constant({1.2, 3.4}), constant({{1.2}, {3.4}})}) {
    CHECK_CLOSE(MeanSquaredError()(y_true, y_pred, weights), 767.8 / 6);
    const double weighted_mean = (110.0 / 3 * 1.2 + 187.0 / 3 * 3.4) / (1.2 + 3.4);
    CHECK_CLOSE(MeanSquaredError({.reduction = "mean_with_sample_weight"})(y_true, y_pred, weights), weighted_mean);
    CHECK_CLOSE(MeanSquaredError({.reduction = "none"})(y_true, y_pred, weights),
                constant({110.0 / 3 * 1.2, 187.0 / 3 * 3.4}));
  }
}

TEST_CASE("loss: a weight for each timestep, and one for all timesteps of a sample") {
  const Tensor t = constant({{{1.0}, {9.0}, {2.0}}, {{-5.0}, {-2.0}, {6.0}}});
  const Tensor p = constant({{{4.0}, {8.0}, {12.0}}, {{8.0}, {1.0}, {3.0}}});
  CHECK_CLOSE(MeanSquaredError()(t, p, constant({{3, 6, 5}, {0, 4, 2}})), 97.833333);
  // Errors 9, 1, 100 and 169, 9, 9.
  CHECK_CLOSE(MeanSquaredError({.reduction = "sum"})(t, p, constant({1, 10})), 110.0 + 1870);
  CHECK_CLOSE(MeanSquaredError({.reduction = "sum"})(t, p, constant({{1, 10, 100}})), 178.0 + 100 + 10900);
  CHECK_CLOSE(MeanSquaredError({.reduction = "mean_with_sample_weight"})(t, p, constant({1, 3})),
              (110.0 + 3 * 187) / 12);
}

TEST_CASE("loss: weights that sum to 0, and no samples at all, give 0") {
  const MeanSquaredError weighted({.reduction = "mean_with_sample_weight"});
  CHECK_CLOSE(weighted(y_true, y_pred, constant({0, 0})), 0.0);
  CHECK_CLOSE(MeanSquaredError()(zeros({0, 3}), zeros({0, 3})), 0.0);
  CHECK_CLOSE(weighted(zeros({0, 3}), zeros({0, 3}), zeros({0})), 0.0);
  CHECK_CLOSE(MeanSquaredError({.reduction = "sum"})(zeros({0, 3}), zeros({0, 3})), 0.0);
}

TEST_CASE("loss: weights of a wrong shape and unknown reductions are refused") {
  CHECK_THROWS_TEXT(ValueError, "[mean_squared_error] sample_weight of shape (3,) does not fit values of shape (2,)",
                    MeanSquaredError()(y_true, y_pred, constant({1, 2, 3})));
  CHECK_THROWS_TEXT(ValueError, "sample_weight of shape (2, 3) does not fit values of shape (2,)",
                    MeanSquaredError()(y_true, y_pred, ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError,
                    "[mse] unknown reduction 'avg', expected one of: sum_over_batch_size, mean, sum, "
                    "mean_with_sample_weight, none",
                    MeanSquaredError({.reduction = "avg", .name = "mse"}));
}

TEST_CASE("loss: one of one's own, and its name") {
  struct AbsoluteError : losses::Loss {
    AbsoluteError() : Loss("absolute_error") {}
    Tensor call(const Tensor& t, const Tensor& p) const override {
      return reduce_mean(abs(cast(t, p.dtype()) - p), -1);
    }
  };
  CHECK(AbsoluteError().name() == "absolute_error");
  CHECK(MeanSquaredError().name() == "mean_squared_error");
  CHECK_CLOSE(AbsoluteError()(y_true, y_pred), 5.5);  // Keras's MeanAbsoluteErrorTest
  CHECK_CLOSE(AbsoluteError()(y_true, y_pred, 2.3), 12.65);
}

TEST_CASE("loss: gradients flow through weights and reduction") {
  const Tensor p = constant({{4.0, 8.0, 12.0}, {8.0, 1.0, 3.0}}, float64);
  const Tensor weights = constant({1.2, 3.4}, float64);
  GradientTape tape;
  tape.watch(p);
  const Tensor loss = MeanSquaredError()(y_true, p, weights);
  // d/dp of w mean_3 (p - t)^2 / 2 = w (p - t) / 3
  CHECK_CLOSE(
      tape.gradient(loss, p),
      constant({{1.2 * 3 / 3, 1.2 * -1 / 3, 1.2 * 10 / 3}, {3.4 * 13 / 3, 3.4 * 3 / 3, 3.4 * -3 / 3}}, float64));
}
