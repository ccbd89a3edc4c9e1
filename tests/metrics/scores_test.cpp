#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/metrics/f_score.hpp"
#include "xtape/metrics/r2_score.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using metrics::F1Score;
using metrics::FBetaScore;
using metrics::R2Score;

TEST_CASE("R2Score: Keras's numbers") {
  // regression_metrics_test.py, R2ScoreTest, which has them from scikit-learn and TensorFlow Addons; the docstring
  const testing::WarningCapture warnings;
  const Tensor y = eye(3, 3, float32);
  const Tensor labels = constant({{0.0, 0.0, 1.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}});
  const Tensor p = constant({{0.4, 0.5, 0.6}, {0.1, 0.2, 0.3}, {0.5, 0.8, 0.2}});
  const Tensor q = constant({{0.4, 0.9, 1.6}, {0.1, 1.2, 0.6}, {1.5, 0.8, 0.6}});
  const Tensor weights = constant({0.8, 0.1, 0.4});
  const struct {
    const char* aggregation;
    std::int64_t regressors;
    Tensor y_pred, weights;
    std::vector<double> scores;
    double result;
  } rows[] = {
      {"none", 0, p, {}, {0.37, -1.295, 0.565}, -0.12},
      {"none", 1, p, {}, {-0.26, -3.59, 0.13}, -1.24},
      {"uniform_average", 0, p, {}, {0.37, -1.295, 0.565}, -0.12},
      {"variance_weighted_average", 0, p, {}, {0.37, -1.295, 0.565}, -0.12},
      {"none", 0, q, weights, {0.17305559, -8.836666, -0.521}, -3.0615367889404297},
      {"none", 1, q, weights, {-0.65388882, -18.673332, -2.042}, -7.123073577880859},
      {"none", 2, q, weights, {0.17305559, -8.836666, -0.521}, -3.0615367889404297},
      {"uniform_average", 1, q, weights, {-0.65388882, -18.673332, -2.042}, -7.123073577880859},
      {"variance_weighted_average", 0, q, weights, {0.17305559, -8.836666, -0.521}, -1.3710224628448486},
      {"variance_weighted_average", 1, q, weights, {-0.65388882, -18.673332, -2.042}, -3.742044448852539},
  };
  for (const auto& row : rows) {
    CAPTURE(row.aggregation);
    CAPTURE(row.regressors);
    R2Score score({.class_aggregation = row.aggregation, .num_regressors = row.regressors});
    CHECK(score.result() == 0);
    CHECK(score(labels, row.y_pred, row.weights) == doctest::Approx(row.result).epsilon(1e-5));
    CHECK_CLOSE(score.results(), row.scores, 1e-5);
    score.reset_state();
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto part = [i](const Tensor& t) { return t.defined() ? slice_axis(t, 0, i, 1) : t; };
      score.update_state(part(labels), part(row.y_pred), part(row.weights));
    }
    CHECK(score.result() == doctest::Approx(row.result).epsilon(1e-5));
  }
  CHECK(warnings.text().find("[r2_score] the adjusted score needs more than 3 samples for 2 regressors, received 3") !=
        std::string::npos);
  const Tensor t = constant({{1.0}, {4.0}, {3.0}}), v = constant({{2.0}, {4.0}, {4.0}});
  CHECK(R2Score()(t, v) == doctest::Approx(0.57142854));
  CHECK(R2Score()(reshape(t, {3}), v) == doctest::Approx(0.57142854));
  CHECK(R2Score()(reshape(t, {3}), reshape(v, {3})) == doctest::Approx(0.57142854));
  // Samples of weight 0 are none: the plain score of three samples is 4 / 7.
  const Tensor four = constant({1, 4, 3, 9}), guess = constant({2.0, 4.0, 4.0, 0.0});
  CHECK(R2Score({.num_regressors = 1})(four, guess, constant({1, 1, 1, 0})) == doctest::Approx(1 - 3.0 / 7 * 2));
  CHECK(R2Score()(y, y) == 1);
  CHECK(R2Score()(ones({3, 1}), zeros({3, 1})) == 0);
}

TEST_CASE("R2Score: what does not fit is refused, and adds nothing") {
  R2Score score;
  score.update_state(constant({{1.0}, {4.0}, {3.0}}), constant({{2.0}, {4.0}, {4.0}}));
  const double before = score.result();
  CHECK_THROWS_TEXT(ValueError, "[r2_score] expected 1 outputs as in the first update, received shape (2, 2)",
                    score.update_state(ones({2, 2}), ones({2, 2})));
  CHECK_THROWS_TEXT(ValueError,
                    "[r2_score] expected y_true and y_pred of one shape (batch_size, output_dim), received (2, 1) and "
                    "(3, 1)",
                    score.update_state(ones({2, 1}), ones({3, 1})));
  CHECK_THROWS_TEXT(ValueError, "received (2, 1, 1) and (2, 1, 1)",
                    score.update_state(ones({2, 1, 1}), ones({2, 1, 1})));
  CHECK_THROWS_TEXT(ValueError, "[r2_score] sample_weight of shape (3,) does not fit values of shape (2, 1)",
                    score.update_state(ones({2, 1}), ones({2, 1}), ones({3})));
  CHECK(score.result() == before);
  CHECK_THROWS_TEXT(ValueError, "[r2_score] unknown class_aggregation 'wrong', expected one of: none, uniform_average",
                    R2Score({.class_aggregation = "wrong"}));
  CHECK_THROWS_TEXT(ValueError, "[r2_score] expected num_regressors >= 0, received -1",
                    R2Score({.num_regressors = -1}));
}

TEST_CASE("FBetaScore: Keras's numbers") {
  // f_score_metrics_test.py
  const Tensor y1 = constant({{0, 0, 1}, {1, 1, 0}, {1, 1, 1}});
  const Tensor p1 = constant({{0.7, 0.7, 0.7}, {1.0, 0.0, 0.0}, {0.9, 0.8, 0.0}});
  const Tensor y2 = constant({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 0}, {0, 0, 1}});
  const Tensor p2 =
      constant({{0.9, 0.1, 0.0}, {0.2, 0.6, 0.2}, {0.0, 0.0, 1.0}, {0.4, 0.3, 0.3}, {0.0, 0.9, 0.1}, {0.0, 0.0, 1.0}});
  const Tensor weights = constant({0.5, 1.0, 1.0, 1.0, 0.5, 1.0}), holes = constant({1.0, 0.0, 1.0, 1.0, 0.0, 1.0});
  const struct {
    Tensor y_true, y_pred, weights;
    std::optional<double> threshold;
    double beta;
    std::vector<double> scores;
    double micro, macro, weighted;
  } rows[] = {
      {y1, p1, {}, 0.66, 0.5, {0.71428573, 0.5, 0.833334}, 0.6666667, 0.6825397, 0.6825397},
      {y1, p1, {}, 0.66, 1, {0.8, 0.5, 0.6666667}, 0.6666667, 0.6555555, 0.6555555},
      {y1, p1, {}, 0.66, 2, {0.9090904, 0.5, 0.555556}, 0.6666667, 0.6548822, 0.6548822},
      {y2, p2, {}, {}, 0.5, {0.9090904, 0.555556, 1.0}, 0.833334, 0.821549, 0.880471},
      {y2, p2, {}, {}, 1, {0.8, 0.6666667, 1.0}, 0.833334, 0.822222, 0.844445},
      {y2, p2, {}, {}, 2, {0.71428573, 0.833334, 1.0}, 0.833334, 0.849206, 0.829365},
      {y2, p2, weights, {}, 0.5, {0.9375, 0.714286, 1.0}, 0.9, 0.883929, 0.917857},
      {y2, p2, weights, {}, 2, {0.789474, 0.909091, 1.0}, 0.9, 0.899522, 0.897608},
      {y2, p2, holes, {}, 1, {1.0, 0.0, 1.0}, 1, 0.666667, 1},
  };
  for (const auto& row : rows) {
    CAPTURE(row.beta);
    const auto score = [&row](const char* average) {
      FBetaScore metric({.average = average, .beta = row.beta, .threshold = row.threshold});
      CHECK(metric.result() == 0);
      for (std::int64_t i = 0; i < row.y_true.shape()[0]; ++i) {
        const auto part = [i](const Tensor& t) { return t.defined() ? slice_axis(t, 0, i, 1) : t; };
        metric.update_state(part(row.y_true), part(row.y_pred), part(row.weights));
      }
      CHECK_CLOSE(metric.results(), row.scores, 0, 2e-6);
      return metric;
    };
    CHECK(score("none").result() == doctest::Approx(row.macro).epsilon(2e-6));
    CHECK(score("micro").result() == doctest::Approx(row.micro).epsilon(2e-6));
    CHECK(score("macro").result() == doctest::Approx(row.macro).epsilon(2e-6));
    CHECK(score("weighted").result() == doctest::Approx(row.weighted).epsilon(2e-6));
  }
  // The docstrings
  const Tensor y = constant({{1, 1, 1}, {1, 0, 0}, {1, 1, 0}});
  const Tensor p = constant({{0.2, 0.6, 0.7}, {0.2, 0.6, 0.6}, {0.6, 0.8, 0.0}});
  FBetaScore beta({.beta = 2, .threshold = 0.5});
  beta.update_state(y, p);
  CHECK_CLOSE(beta.results(), {0.3846154, 0.90909094, 0.8333334}, 1e-6);
  F1Score f1({.threshold = 0.5});
  f1.update_state(y, p);
  CHECK_CLOSE(f1.results(), {0.5, 0.8, 0.6666667}, 1e-6);
  f1.reset_state();
  CHECK_CLOSE(f1.results(), {0, 0, 0});
}

TEST_CASE("F1Score: weights of elements, rows of zeros") {
  F1Score f1({.threshold = 0.5});
  f1.update_state(constant({{1, 1}, {1, 0}}), constant({{0.2, 0.6}, {0.2, 0.6}}), constant({{0.5, 0.2}, {0.3, 0.8}}));
  CHECK_CLOSE(f1.results(), {0, 1.0 / 3}, 0, 1e-6);
  F1Score largest;
  largest.update_state(constant({{1, 0}, {0, 1}}), constant({{0.0, 0.0}, {0.5, 0.5}}, float64));
  CHECK_CLOSE(largest.results(), {0, 1}, 0, 1e-6);
}

TEST_CASE("FBetaScore: what does not fit is refused, and adds nothing") {
  F1Score f1;
  f1.update_state(eye(3), eye(3));
  CHECK_THROWS_TEXT(
      ValueError,
      "[f1_score] expected y_true and y_pred of one shape (batch_size, output_dim), received (3,) and (3, "
      "3)",
      f1.update_state(ones({3}), ones({3, 3})));
  CHECK_THROWS_TEXT(ValueError, "[f1_score] expected 3 classes as in the first update, received shape (2, 2)",
                    f1.update_state(eye(2), eye(2)));
  CHECK_THROWS_TEXT(ValueError, "[f1_score] sample_weight of shape (4,) does not fit values of shape (3, 3)",
                    f1.update_state(eye(3), eye(3), ones({4})));
  CHECK(f1.result() == doctest::Approx(1).epsilon(1e-6));
  CHECK_THROWS_TEXT(ValueError, "[fbeta_score] unknown average 'mean', expected one of: none, micro, macro, weighted",
                    FBetaScore({.average = "mean"}));
  CHECK_THROWS_TEXT(ValueError, "[fbeta_score] expected beta > 0, received 0", FBetaScore({.beta = 0}));
  CHECK_THROWS_TEXT(ValueError, "[f1_score] expected 0 < threshold <= 1, received 1.1", F1Score({.threshold = 1.1}));
}

TEST_CASE("R2Score: labels far from 0 lose nothing") {
  const Tensor labels = constant({2.0, 3.0, 4.0, 5.0}, float64), predictions = constant({2.1, 2.9, 4.1, 4.9}, float64);
  for (const double offset : {0.0, 1e8, -1e12}) {
    CAPTURE(offset);
    metrics::R2Score score;
    score.update_state(labels + offset, predictions + offset, constant({1.0, 2.0, 2.0, 1.0}));
    // mean 3.5; sum w (y - mean)^2 = 2 * 2.25 + 4 * 0.25 = 5.5; residuals 6 * 0.01
    CHECK(score.result() == doctest::Approx(1 - 0.06 / 5.5).epsilon(std::abs(offset) < 1e10 ? 1e-6 : 1e-3));
  }
}
