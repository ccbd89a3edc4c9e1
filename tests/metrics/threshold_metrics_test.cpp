#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/metrics/confusion_counts.hpp"
#include "xtape/metrics/precision.hpp"
#include "xtape/metrics/recall.hpp"
#include "xtape/metrics/sensitivity_specificity.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using metrics::Precision;
using metrics::Recall;

namespace {

struct Row {
  std::shared_ptr<metrics::PredictionMetric> metric;
  Tensor y_true, y_pred;
  double result;
  Tensor weights;
  double weighted;
};

const Tensor wide = constant({0, 0, 0, 1, 1}), guesses = constant({0.0, 0.3, 0.8, 0.3, 0.8});

/// The docstrings of Keras's classes.
std::vector<Row> rows() {
  using metrics::make_metric;
  const Tensor third = constant({0, 0, 1, 0});
  return {
      {make_metric("false_positives"), constant({0, 1, 0, 0}), constant({0, 0, 1, 1}), 2, third, 1},
      {make_metric("false_negatives"), constant({0, 1, 1, 1}), constant({0, 1, 0, 0}), 2, third, 1},
      {make_metric("true_negatives"), constant({0, 1, 0, 0}), constant({1, 1, 0, 0}), 2, third, 1},
      {make_metric("true_positives"), constant({0, 1, 1, 1}), constant({1, 0, 1, 1}), 2, third, 1},
      {make_metric("precision"), constant({0, 1, 1, 1}), constant({1, 0, 1, 1}), 2.0 / 3, third, 1},
      {make_metric("recall"), constant({0, 1, 1, 1}), constant({1, 0, 1, 1}), 2.0 / 3, third, 1},
      {std::make_shared<metrics::SensitivityAtSpecificity>(0.5), wide, guesses, 0.5, constant({1, 1, 2, 2, 1}),
       1.0 / 3},
      {std::make_shared<metrics::SpecificityAtSensitivity>(0.5), wide, guesses, 2.0 / 3, constant({1, 1, 2, 2, 2}),
       0.5},
      {std::make_shared<metrics::PrecisionAtRecall>(0.5), wide, guesses, 0.5, constant({2, 2, 2, 1, 1}), 1.0 / 3},
      {std::make_shared<metrics::RecallAtPrecision>(0.8), constant({0, 0, 1, 1}), constant({0.0, 0.5, 0.3, 0.9}), 0.5,
       constant({1, 0, 0, 1}), 1},
  };
}

}  // namespace

TEST_CASE("threshold metrics: Keras's numbers, whole and in batches, in any dtype") {
  for (const Row& row : rows()) {
    auto& metric = *row.metric;
    CAPTURE(metric.name());
    CHECK(metric.result() == 0);
    for (const DType dtype : {float32, float64}) {
      const Tensor y_pred = cast(row.y_pred, dtype);
      metric.reset_state();
      CHECK(metric(row.y_true, y_pred) == doctest::Approx(row.result));
      metric.reset_state();
      CHECK(metric.result() == 0);
      CHECK(metric(cast(row.y_true, boolean), y_pred, row.weights) == doctest::Approx(row.weighted));
    }
    metric.reset_state();
    const std::int64_t n = row.y_true.size();
    for (std::int64_t i = 0; i < n; ++i) {
      const auto part = [i](const Tensor& t) { return slice_axis(t, 0, i, 1); };
      metric.update_state(expand_dims(part(row.y_true), -1), part(row.y_pred), part(row.weights));
    }
    metric.update_state(zeros({0}), zeros({0}));
    CHECK(metric.result() == doctest::Approx(row.weighted));
  }
}

TEST_CASE("threshold metrics: an error adds nothing, an update is not recorded") {
  for (const Row& row : rows()) {
    auto& metric = *row.metric;
    CAPTURE(metric.name());
    const std::string where = "[" + metric.name() + "] ";
    metric.update_state(row.y_true, row.y_pred);
    const double before = metric.result();
    CHECK_THROWS_TEXT(ValueError, where + "y_true and y_pred must have the same shape: (3,) and (4, 2)",
                      metric.update_state(ones({3}), ones({4, 2})));
    CHECK_THROWS_TEXT(ValueError, where + "sample_weight of shape (3,) does not fit values of shape (2,)",
                      metric.update_state(ones({2}), ones({2}), ones({3})));
    CHECK_THROWS_TEXT(ValueError, "the tensor is empty", metric.update_state(ones({2}), Tensor()));
    CHECK(metric.result() == before);
    const Variable w(cast(row.y_pred, float32));
    GradientTape tape;
    const Tensor y_pred = w * 1;
    const std::size_t records = tape.num_records();
    metric.update_state(row.y_true, y_pred);
    CHECK(tape.num_records() == records);
  }
}

TEST_CASE("threshold metrics: several thresholds, in any order") {
  // confusion_metrics_test.py
  const Tensor y = constant({0, 1, 1, 0}), p = constant({1.0, 0.0, 0.6, 0.0});
  Precision precision({.thresholds = {0.5, 0.7}});
  precision.update_state(y, p);
  CHECK_CLOSE(precision.results(), {0.5, 0});
  CHECK(precision.result() == 0.25);
  CHECK(precision.thresholds() == std::vector<double>{0.5, 0.7});
  Precision weighted({.thresholds = {1.0, 0.5}});
  for (int i = 0; i < 2; ++i) {
    weighted.update_state(constant({{0, 1}, {1, 0}}), constant({{1.0, 0.0}, {0.6, 0.0}}),
                          constant({{4.0, 0.0}, {3.0, 1.0}}));
  }
  CHECK_CLOSE(weighted.results(), {0, 3.0 / 7});
  // [0.15, 0.5, 0.85] of test_weighted_with_thresholds: tp [6, 3, 0], fp [12, 7, 3], tn [6, 11, 15], fn [4, 7, 10]
  const Tensor labels = constant({{0, 1, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}});
  const Tensor guess =
      constant({{0.9, 0.2, 0.8, 0.1}, {0.2, 0.9, 0.7, 0.6}, {0.1, 0.2, 0.4, 0.3}, {0.0, 1.0, 0.7, 0.3}});
  const Tensor weights =
      constant({{1.0, 2.0, 3.0, 5.0}, {7.0, 11.0, 13.0, 17.0}, {19.0, 23.0, 29.0, 31.0}, {5.0, 15.0, 10.0, 0.0}});
  metrics::TruePositives tp({.thresholds = {0.15, 0.5, 0.85}});
  metrics::FalsePositives fp({.thresholds = {0.15, 0.5, 0.85}});
  metrics::TrueNegatives tn({.thresholds = {0.15, 0.5, 0.85}});
  metrics::FalseNegatives fn({.thresholds = {0.15, 0.5, 0.85}});
  for (metrics::ThresholdValueMetric* metric :
       {static_cast<metrics::ThresholdValueMetric*>(&tp), static_cast<metrics::ThresholdValueMetric*>(&fp),
        static_cast<metrics::ThresholdValueMetric*>(&tn), static_cast<metrics::ThresholdValueMetric*>(&fn)}) {
    metric->update_state(labels, guess, weights);
  }
  // By hand: positive labels with 0.2 (2), 0.8 (3), 0.2 (7), 0 (5), 1 (15), 0.7 (10), 0.3 (0), negative ones with
  // 0.9 (1), 0.1 (5), 0.9 (11), 0.7 (13), 0.6 (17), 0.1 (19), 0.2 (23), 0.4 (29), 0.3 (31).
  CHECK_CLOSE(tp.results(), {37, 28, 15});
  CHECK_CLOSE(fn.results(), {5, 14, 27});
  CHECK_CLOSE(fp.results(), {125, 42, 12});
  CHECK_CLOSE(tn.results(), {24, 107, 137});
}

TEST_CASE("threshold metrics: on a threshold is not above it, NaN is above none") {
  metrics::TruePositives tp({.thresholds = {0.3}});
  CHECK(tp(ones({3}), constant({0.3, 0.30001, std::nan("")})) == 1);
  CHECK(tp(ones({2}), constant({0.3, 0.30001}, float64)) == 2);
  CHECK(Precision()(zeros({4}), zeros({4})) == 0);
}

TEST_CASE("Precision and Recall: top_k") {
  // confusion_metrics_test.py, PrecisionTest and RecallTest
  CHECK(Precision({.top_k = 2})(constant({0, 0, 1, 1}), constant({1, 1, 1, 1})) == 0);
  CHECK(Precision({.top_k = 4})(constant({0, 0, 1, 1}), constant({1, 1, 1, 1})) == 0.5);
  CHECK(Precision({.top_k = 3})(constant({0, 1, 1, 0, 0}), constant({0.2, 0.1, 0.5, 0.0, 0.2})) ==
        doctest::Approx(1.0 / 3));
  CHECK(Recall({.top_k = 3})(constant({0, 1, 1, 0, 0}), constant({0.2, 0.1, 0.5, 0.0, 0.2})) == 0.5);
  Precision weighted({.top_k = 3});
  weighted.update_state(constant({{0, 1, 1, 0, 1}}), constant({{0.2, 0.1, 0.4, 0.0, 0.2}}),
                        constant({{1, 4, 2, 3, 5}}));
  weighted.update_state(constant({1, 0, 1, 1, 1}), constant({0.2, 0.6, 0.4, 0.2, 0.2}), 3);
  CHECK(weighted.result() == doctest::Approx((2.0 + 5 + 3 + 3) / (1.0 + 2 + 5 + 3 + 3 + 3)));
  CHECK(Precision({.thresholds = {0.7}, .top_k = 2})(constant({0, 1, 1, 0, 1}), constant({0.2, 0.8, 0.6, 0.0, 0.2})) ==
        1);
  // Each row has its own.
  CHECK(Recall({.top_k = 1})(constant({{1, 0}, {1, 1}}), constant({{0.1, 0.2}, {-5.0, -6.0}})) ==
        doctest::Approx(1.0 / 3));
  CHECK_THROWS_TEXT(ValueError,
                    "[recall] expected at least top_k = 3 predictions along the last axis, received shape (4, 2)",
                    Recall({.top_k = 3})(ones({4, 2}), ones({4, 2})));
  CHECK_THROWS_TEXT(ValueError, "[precision] expected top_k >= 1, received 0", Precision({.top_k = 0}));
}

TEST_CASE("Precision and Recall: class_id, and with top_k") {
  const Tensor p = constant({{0.1, 0.2, 0.7}, {0.5, 0.3, 0.2}, {0.2, 0.6, 0.2}, {0.7, 0.2, 0.1}, {0.1, 0.1, 0.8}});
  const Tensor y = constant({{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {1, 0, 0}, {0, 1, 0}});
  CHECK(Precision({.class_id = 1})(y, p) == 1);
  CHECK(Recall({.class_id = 1})(y, p) == 0.5);
  CHECK(Recall({.class_id = 1})(y, p, constant({1, 1, 1, 1, 3})) == 0.25);
  CHECK(Precision({.class_id = 2})(y, p) == 0.5);
  CHECK(Precision({.top_k = 2, .class_id = 1})(y, p) == doctest::Approx(1.0 / 4));
  CHECK_THROWS_TEXT(ValueError,
                    "[precision] with class_id, y_pred must be of shape (num_samples, num_classes), received (5,)",
                    Precision({.class_id = 2})(ones({5}), ones({5})));
  CHECK_THROWS_TEXT(ValueError, "[recall] class_id 3 is outside [0, 3)", Recall({.class_id = 3})(y, p));
}

TEST_CASE("threshold metrics: bad options") {
  CHECK_THROWS_TEXT(ValueError, "[precision] Threshold values must be in [0, 1], received 1.5",
                    Precision({.thresholds = {0.5, 1.5}}));
  CHECK_THROWS_TEXT(ValueError, "[true_positives] Threshold values must be in [0, 1], received -1",
                    metrics::TruePositives({.thresholds = {-1.0}}));
  CHECK_THROWS_TEXT(ValueError, "[false_negatives] expected one or more thresholds, received none",
                    metrics::FalseNegatives({.thresholds = {}}));
  CHECK_THROWS_TEXT(ValueError, "[sensitivity_at_specificity] expected specificity in [0, 1], received 2",
                    metrics::SensitivityAtSpecificity(2));
  CHECK_THROWS_TEXT(ValueError, "[mine] expected num_thresholds >= 1, received 0",
                    metrics::RecallAtPrecision(0.5, {.num_thresholds = 0, .name = "mine"}));
  CHECK(metrics::PrecisionAtRecall(0.5).name() == "precision_at_recall");
  CHECK(metrics::SensitivityAtSpecificity(0.5, {.num_thresholds = 1})(wide, guesses) == 0.5);
}
