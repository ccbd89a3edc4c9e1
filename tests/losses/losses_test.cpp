#include <cmath>
#include <functional>
#include <limits>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/hinge.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/losses/kl_divergence.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_absolute_percentage_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/losses/poisson.hpp"
#include "xtape/losses/segmentation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

// The losses of one kind: labels and predictions of one shape, one value for each row.
using namespace xtape;

namespace {

struct Row {
  const char* name;  ///< as AnyLoss and the errors know it
  std::function<Tensor(const Tensor&, const Tensor&)> function;
  Tensor y_true, y_pred;
  std::vector<double> values;  ///< of the rows, from what the comment says
  double tolerance;            ///< how many digits that has
  bool defaults = true;        ///< what the name stands for
};

const Tensor counts = constant({{1, 9, 2}, {-5, -2, 6}}), guesses = constant({{4.0, 8.0, 12.0}, {8.0, 1.0, 3.0}});
const Tensor bits = constant({{0, 1}, {0, 0}}), chances = constant({{0.6, 0.4}, {0.4, 0.6}});
const Tensor one_hots = constant({{0, 1, 0}, {0, 0, 1}}), shares = constant({{0.05, 0.9, 0.05}, {0.1, 0.85, 0.05}});
const Tensor p = constant({{0.4, 0.9, 0.12}, {0.36, 0.3, 0.4}}), q = constant({{0.5, 0.8, 0.12}, {0.7, 0.43, 0.8}});

const Row rows[] = {
    // losses_test.py: MeanAbsoluteErrorTest, its percentage 621.8518 and 352.6666 / 2.3, HingeTest and its siblings
    {"mean_absolute_error", losses::mean_absolute_error, counts, guesses, {14.0 / 3, 19.0 / 3}, 1e-6},
    {"mean_absolute_percentage_error",
     losses::mean_absolute_percentage_error,
     counts,
     guesses,
     {621.85185 / 2.3, 352.66667 / 2.3},
     1e-4},
    {"hinge", losses::hinge, bits, chances, {1.1, 1.5}, 1e-6},
    {"squared_hinge", losses::squared_hinge, bits, chances, {1.46, 2.26}, 1e-6},
    {"categorical_hinge", losses::categorical_hinge, bits, chances, {1.2, 1.6}, 1e-6},
    // The logarithms of 2, 5; 10, 9; 3, 13; and of 1 where negative, 9; 1, 2; 7, 4
    {"mean_squared_logarithmic_error",
     losses::mean_squared_logarithmic_error,
     counts,
     guesses,
     {(std::pow(std::log(2.5), 2) + std::pow(std::log(0.9), 2) + std::pow(std::log(13.0 / 3), 2)) / 3,
      (std::pow(std::log(9), 2) + std::pow(std::log(2), 2) + std::pow(std::log(4.0 / 7), 2)) / 3},
     1e-6},
    // Errors 0.6, 0.6; 0.4, 0.6: the docstring's mean is 0.155
    {"huber", [](const Tensor& t, const Tensor& v) { return losses::huber(t, v); }, bits, chances, {0.18, 0.13}, 1e-6},
    {"huber",
     [](const Tensor& t, const Tensor& v) { return losses::huber(t, v, 0.5); },
     bits,
     chances,
     {0.175, 0.1275},
     1e-6,
     false},
    // Errors 1, 0: the docstring's mean is 0.108
    {"log_cosh", losses::log_cosh, bits, constant({{1.0, 1.0}, {0.0, 0.0}}), {std::log(std::cosh(1)) / 2, 0}, 1e-6},
    {"kl_divergence",
     losses::kl_divergence,
     q,
     p,
     {0.5 * std::log(1.25) + 0.8 * std::log(8.0 / 9),
      0.7 * std::log(70.0 / 36) + 0.43 * std::log(43.0 / 30) + 0.8 * std::log(2)},
     1e-6},
    {"poisson",
     losses::poisson,
     constant({{4, 8, 12}, {8, 1, 3}}),
     constant({{1.0, 9.0, 2.0}, {5.0, 2.0, 6.0}}),
     {(12 - 8 * std::log(9) - 12 * std::log(2)) / 3, (13 - 8 * std::log(5) - std::log(2) - 3 * std::log(6)) / 3},
     1e-6},
    // The docstrings of the functions
    {"cosine_similarity",
     [](const Tensor& t, const Tensor& v) { return losses::cosine_similarity(t, v); },
     constant({{0, 1}, {1, 1}, {1, 1}}),
     constant({{1.0, 0.0}, {1.0, 1.0}, {-1.0, -1.0}}),
     {0, -1, 1},
     1e-6},
    {"binary_crossentropy",
     [](const Tensor& t, const Tensor& v) { return losses::binary_crossentropy(t, v); },
     bits,
     chances,
     {0.91629073, 0.71355818},
     1e-6},
    {"binary_focal_crossentropy",
     [](const Tensor& t, const Tensor& v) { return losses::binary_focal_crossentropy(t, v); },
     bits,
     chances,
     {0.330, 0.206},
     5e-4},
    {"categorical_focal_crossentropy",
     [](const Tensor& t, const Tensor& v) { return losses::categorical_focal_crossentropy(t, v); },
     one_hots,
     shares,
     {2.63401289e-04, 6.75912094e-01},
     1e-7},
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("losses: known values in both dtypes, for the function and by name") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    for (const DType dtype : {float32, float64}) {
      const Tensor y_pred = cast(row.y_pred, dtype), values = row.function(row.y_true, y_pred);
      CHECK(values.dtype() == dtype);
      CHECK(values.shape() == Shape{row.y_pred.shape()[0]});
      CHECK_CLOSE(values, row.values, 2e-6, row.tolerance);
      CHECK_SAME_BITS(row.function(cast(row.y_true, dtype), y_pred), values);
    }
    const AnyLoss loss(row.name);
    if (row.defaults) CHECK_CLOSE(loss(row.y_true, row.y_pred), mean_of(row.values), 2e-6, row.tolerance);
  }
}

TEST_CASE("losses: gradients against finite differences, twice") {
  // Away from the kinks: the tables of the values have some.
  const Tensor y = constant({{0.3, 0.9, 0.2}, {0.4, 0.8, 0.6}}, float64);
  const Tensor v = constant({{0.45, 0.7, 0.55}, {0.15, 0.35, 0.25}}, float64);
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto both = check_gradients(row.function, y, v);
    CHECK_MESSAGE(both.ok, both.message);
    if (row.name == std::string("mean_absolute_percentage_error")) continue;  // steep at labels of 0
    const auto hard = check_gradients([&](const Tensor& x) { return row.function(one_hots, x); }, v);
    CHECK_MESSAGE(hard.ok, hard.message);
  }
}

TEST_CASE("losses: shapes that do not fit are refused, ranks that differ by an axis of size 1 are not") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const std::string where = std::string("[") + row.name + "] ";
    CHECK_THROWS_TEXT(ValueError, where + "y_true and y_pred must have the same shape: (2, 3) and (2, 2)",
                      row.function(zeros({2, 3}), ones({2, 2})));
    CHECK_THROWS_TEXT(ValueError, where + "y_true and y_pred must have the same shape: (3,) and (3, 2)",
                      row.function(zeros({3}), ones({3, 2})));
    CHECK_THROWS_TEXT(ValueError, where + "expected y_pred of ", row.function(constant(0.0), constant(1.0)));
    if (row.name == std::string("categorical_focal_crossentropy")) continue;
    const Tensor values = row.function(constant({0, 1, 1}), constant({{0.5}, {0.25}, {0.125}}));
    CHECK(values.shape() == Shape{3});
    CHECK_CLOSE(row.function(constant({{0}, {1}, {1}}), constant({0.5, 0.25, 0.125})), values);
  }
}

TEST_CASE("losses: integer and bfloat16 predictions give float32") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const std::string name = row.name;
    CHECK(row.function(ones({2, 3}), ones({2, 3}, bfloat16)).dtype() == float32);
    if (name.find("crossentropy") != std::string::npos) {
      CHECK_THROWS_TEXT(TypeError, "expected floating predictions, received int32",
                        row.function(ones({2, 3}), ones({2, 3}, int32)));
    } else {
      CHECK(row.function(ones({2, 3}), ones({2, 3}, int32)).dtype() == float32);
    }
  }
}

TEST_CASE("losses: reductions and weights, as Keras tests them") {
  const Tensor weights = constant({{1.2}, {3.4}});
  CHECK_CLOSE(losses::MeanAbsoluteError()(counts, guesses, weights), 81.4 / 6);
  CHECK_CLOSE(losses::MeanAbsoluteError({.reduction = "sum"})(counts, guesses, 2.3), 25.3);
  CHECK_CLOSE(losses::MeanAbsolutePercentageError()(counts, guesses, weights), 422.8888, 1e-6);
  CHECK_CLOSE(losses::MeanAbsolutePercentageError({.reduction = "mean_with_sample_weight"})(counts, guesses, weights),
              183.865, 1e-5);
  CHECK_CLOSE(losses::MeanSquaredLogarithmicError()(counts, guesses), 1.4370, 0, 1e-4);
  CHECK_CLOSE(losses::MeanSquaredLogarithmicError()(counts, guesses, weights), 3.7856, 0, 1e-4);
  CHECK_CLOSE(losses::Hinge()(bits, chances, constant({1, 0})), 0.55);
  CHECK_CLOSE(losses::SquaredHinge({.reduction = "sum"})(bits, chances, constant({1, 0})), 1.46);
  CHECK_CLOSE(losses::CategoricalHinge({.reduction = "none"})(bits, chances, constant({1, 0})), constant({1.2, 0.0}));
  CHECK_CLOSE(losses::Huber({.delta = 0.5, .reduction = "none"})(bits, chances), constant({0.175, 0.1275}));
  CHECK_CLOSE(losses::LogCosh({.reduction = "sum"})(bits, constant({{1.0, 1.0}, {0.0, 0.0}})),
              std::log(std::cosh(1)) / 2);
  CHECK_CLOSE(losses::CosineSimilarity({.axis = 0, .reduction = "none"})(eye(2), eye(2)), constant({-1.0, -1.0}));
  CHECK_CLOSE(losses::KLDivergence({.reduction = "none"})(q, q), constant({0.0, 0.0}));
  CHECK_CLOSE(losses::Poisson()(constant({{1}}), constant({{1.0}})), 1, 1e-6, 2e-7);
}

TEST_CASE("losses: names of the objects, Keras's") {
  CHECK(losses::MeanAbsoluteError().name() == "mean_absolute_error");
  CHECK(losses::Huber().name() == "huber_loss");
  CHECK(losses::LogCosh().name() == "log_cosh");
  CHECK(losses::Dice({.name = "mine"}).name() == "mine");
  CHECK_THROWS_TEXT(ValueError, "[hinge] unknown reduction 'abc', expected one of: sum_over_batch_size",
                    losses::Hinge({.reduction = "abc"}));
}

TEST_CASE("losses: extreme errors") {
  // Large errors in float32: the squares would be infinite.
  const Tensor far = constant({{1e30, -1e30}}), none = zeros({1, 2});
  CHECK_CLOSE(losses::mean_absolute_error(none, far), {1e30});
  CHECK_CLOSE(losses::huber(none, far), {1e30});
  CHECK_CLOSE(losses::log_cosh(none, far), {1e30});
  // Small ones: log(cosh(x)) is x^2 / 2 - x^4 / 12, which its usual formula would round away.
  CHECK_CLOSE(losses::log_cosh(zeros({1}), constant({1e-4})), {0.5e-8}, 1e-6);
  CHECK_CLOSE(losses::log_cosh(zeros({2, 1}, float64), constant({{1.0}, {300.0}}, float64)),
              {std::log(std::cosh(1)), 300 - std::log(2)}, 1e-14);
  // At an error of 0 the gradient is 0.
  const Tensor x = zeros({1, 2});
  for (const char* name : {"mean_absolute_error", "huber", "log_cosh", "cosine_similarity"}) {
    CAPTURE(name);
    GradientTape tape;
    tape.watch(x);
    CHECK_CLOSE(tape.gradient(AnyLoss(name)(zeros({1, 2}), x), x), zeros({1, 2}));
  }
  // Probabilities of 0.
  CHECK_CLOSE(losses::kl_divergence(constant({{1, 0}}), constant({{0.0, 1.0}})),
              {-std::log(1e-7) + 1e-7 * std::log(1e-7)}, 1e-6);
  CHECK_CLOSE(losses::poisson(constant({{1}}), constant({{0.0}})), {-std::log(1e-7)}, 1e-6);
  // A label of 0, whose share of the error is taken of 1e-7; numbers of -1 and less, which have no logarithm.
  CHECK_CLOSE(losses::mean_absolute_percentage_error(constant({{0}}), constant({{1.0}})), {1e9}, 1e-6);
  CHECK_CLOSE(losses::mean_squared_logarithmic_error(constant({{-5}}), constant({{-1.0}})), {0.0});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(std::isnan(row.function(one_hots, full({2, 3}, nan)).to_vector<float>()[0]));
  }
}

TEST_CASE("hinge: labels of 0 and 1 count as -1 and 1, others stay") {
  const Tensor v = constant({{0.5, -2.0, 3.0}});
  CHECK_CLOSE(losses::hinge(constant({{1, 0, 0}}), v), losses::hinge(constant({{1, -1, -1}}), v));
  CHECK_CLOSE(losses::hinge(constant({{1, 0, -1}}), v), {(0.5 + 1 + 4) / 3});
}

TEST_CASE("huber: delta") {
  for (const double wrong : {0.0, -1.0, std::nan("")}) {
    CHECK_THROWS_TEXT(ValueError, "[huber] expected delta > 0, received", losses::Huber({.delta = wrong}));
    CHECK_THROWS_TEXT(ValueError, "[huber] expected delta > 0, received", losses::huber(bits, chances, wrong));
  }
}

TEST_CASE("cosine_similarity: axes, zero vectors") {
  const Tensor t = constant({{1.0, 2.0}, {2.0, 0.0}, {2.0, 0.0}}), v = constant({{3.0, 0.0}, {0.0, 5.0}, {0.0, 0.0}});
  CHECK_CLOSE(losses::cosine_similarity(t, v, 0), constant({-1.0 / 3, 0.0}));
  CHECK_CLOSE(losses::cosine_similarity(t, v), constant({-1 / std::sqrt(5), 0.0, 0.0}));
  CHECK_THROWS_AS(losses::cosine_similarity(t, v, 2), IndexError);
}

TEST_CASE("dice and tversky: Keras's numbers") {
  // losses_test.py: DiceTest, TverskyTest
  const Tensor y = constant({{1, 2}, {1, 2}}), v = constant({{4.0, 1.0}, {6.0, 1.0}});
  CHECK_CLOSE(losses::Dice()(y, v), -0.55555546);
  CHECK_CLOSE(losses::Tversky()(y, v), -0.55555558, 1e-6);
  CHECK_CLOSE(losses::Tversky({.alpha = 0.2, .beta = 0.8})(y, v), -0.94444442);
  const Tensor images = reshape(constant({1, 1, 0, 0, 1, 1, 0, 0}), {2, 2, 2, 1});
  const Tensor drawn = reshape(constant({0.0, 1.0, 0.0, 1.0, 0.4, 0.0, 0.0, 0.9}), {2, 2, 2, 1});
  CHECK_CLOSE(losses::Dice({.axis = {1, 2, 3}, .reduction = "none"})(images, drawn), constant({0.5, 0.75757575}));
  CHECK_CLOSE(losses::dice(images, drawn), 0.6164384);
  CHECK_CLOSE(losses::Tversky({.alpha = 0.2, .beta = 0.8, .axis = {1, 2, 3}, .reduction = "none"})(images, drawn),
              constant({0.5, 0.78494626}));
  CHECK_CLOSE(losses::dice(zeros({2, 2}), zeros({2, 2})), 1.0);
  for (const auto& f : {AnyLoss(losses::dice), AnyLoss(losses::tversky)}) {
    const auto check =
        check_gradients([&f](const Tensor& a, const Tensor& b) { return f(a, b); }, cast(q, float64), cast(p, float64));
    CHECK_MESSAGE(check.ok, check.message);
    CHECK_THROWS_TEXT(ValueError, "y_true and y_pred must have the same shape", f(ones({2, 2}), ones({2, 3})));
  }
}

TEST_CASE("losses: Keras's short names") {
  const Tensor labels = constant({{1.0, 2.0}, {0.5, 3.0}}), predictions = constant({{1.5, 1.0}, {0.25, 2.0}});
  CHECK_TENSOR_EQ(losses::mse(labels, predictions), losses::mean_squared_error(labels, predictions));
  CHECK_TENSOR_EQ(losses::mae(labels, predictions), losses::mean_absolute_error(labels, predictions));
  CHECK_TENSOR_EQ(losses::mape(labels, predictions), losses::mean_absolute_percentage_error(labels, predictions));
  CHECK_TENSOR_EQ(losses::msle(labels, predictions), losses::mean_squared_logarithmic_error(labels, predictions));
  CHECK_TENSOR_EQ(losses::kld(labels, predictions), losses::kl_divergence(labels, predictions));
  CHECK_TENSOR_EQ(losses::logcosh(labels, predictions), losses::log_cosh(labels, predictions));
  CHECK(losses::Huber(2.5).config() == losses::Huber({.delta = 2.5}).config());
  CHECK(losses::BinaryCrossentropy(true).config() == losses::BinaryCrossentropy({.from_logits = true}).config());
}
