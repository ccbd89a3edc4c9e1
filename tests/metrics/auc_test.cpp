#include "xtape/metrics/auc.hpp"

#include <cmath>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using metrics::AUC;

namespace {
const Tensor y_true = constant({0, 0, 1, 1}), y_pred = constant({0.0, 0.5, 0.3, 0.9});
const Tensor weights = constant({1, 2, 3, 4});
}  // namespace

TEST_CASE("AUC: Keras's numbers, with three thresholds") {
  // confusion_metrics_test.py, AUCTest, which writes the areas out; and the docstring
  const struct {
    metrics::AUCOptions options;
    Tensor weights;
    double area;
  } rows[] = {
      {{.num_thresholds = 3}, {}, 0.75},
      {{.num_thresholds = 3}, constant({1, 0, 0, 1}), 1},
      {{.num_thresholds = 2, .thresholds = {0.5}}, {}, 0.75},
      {{.num_thresholds = 3}, weights, (1 + 4.0 / 7) / 2},
      {{.num_thresholds = 3, .summation_method = "majoring"}, weights, 1},
      {{.num_thresholds = 3, .summation_method = "minoring"}, weights, 4.0 / 7},
      {{.num_thresholds = 3, .curve = "PR", .summation_method = "majoring"}, weights, 1},
      {{.num_thresholds = 3, .curve = "PR", .summation_method = "minoring"}, weights, 0.7 * 3 / 7},
      {{.num_thresholds = 3, .curve = "PR"}, weights, (0.5 * (3 + 2 * std::log(2.5)) + 4) / 7},
      {{.num_thresholds = 3, .curve = "PR"}, constant({-1, -2, -3, -4}), 0},
      {{.num_thresholds = 3, .curve = "PRGAIN", .summation_method = "majoring"}, weights, 1},
      {{.num_thresholds = 3, .curve = "PRGAIN", .summation_method = "minoring"}, weights, 0},
      {{.num_thresholds = 3, .curve = "PRGAIN"}, weights, 0.5},
  };
  for (const auto& row : rows) {
    CAPTURE(row.options.curve);
    CAPTURE(row.options.summation_method);
    AUC auc(row.options);
    CHECK(auc.result() == 0);
    CHECK(auc(y_true, y_pred, row.weights) == doctest::Approx(row.area));
    auc.reset_state();
    CHECK(auc.result() == 0);
    for (const std::int64_t i : {3, 1, 0, 2}) {
      const auto part = [i](const Tensor& t) { return t.defined() ? slice_axis(t, 0, i, 1) : t; };
      auc.update_state(part(y_true), cast(part(y_pred), float64), part(row.weights));
    }
    CHECK(auc.result() == doctest::Approx(row.area));
  }
  AUC gain({.num_thresholds = 3, .curve = "PRGAIN"});
  CHECK(gain(constant({0, 0, 0, 1, 0, 1, 0, 1, 1, 1}), constant({0.1, 0.2, 0.3, 0.3, 0.4, 0.4, 0.6, 0.6, 0.8, 0.9})) ==
        doctest::Approx(2.0 / 9 + 5.0 / 18));
}

TEST_CASE("AUC: the probability that a positive one is above a negative one, with many thresholds") {
  CHECK(AUC()(y_true, cast(y_true, float32)) == doctest::Approx(1));
  CHECK(AUC()(y_true, 1 - cast(y_true, float32)) == doctest::Approx(0));
  CHECK(AUC()(y_true, constant({0.5, 0.5, 0.5, 0.5})) == doctest::Approx(0.5));
  // Of the four pairs one is in the wrong order.
  CHECK(AUC({.num_thresholds = 1000})(y_true, y_pred) == doctest::Approx(0.75));
  // Predictions outside [0, 1] count as 0 and 1.
  CHECK(AUC()(constant({0, 1, 0, 1}), constant({-3.0, 7.0, 0.2, 0.7})) == doctest::Approx(1));
}

TEST_CASE("AUC: the share of pairs in the right order, ties counting half") {
  // Predictions on a grid whose every cell has a threshold.
  std::vector<double> predictions;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 60; ++i) {
    predictions.push_back((i * 37 % 20 + 0.5) / 20);
    labels.push_back(i * 17 % 7 < 2 + i * 37 % 20 / 6 ? 1 : 0);
  }
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      ++pairs;
      right += predictions[i] > predictions[j] ? 1 : predictions[i] == predictions[j] ? 0.5 : 0;
    }
  }
  REQUIRE(pairs > 100);
  CHECK(right / pairs > 0.55);
  for (const DType dtype : {float32, float64}) {
    CHECK(AUC({.num_thresholds = 101})(constant(labels), cast(constant(predictions), dtype)) ==
          doctest::Approx(right / pairs).epsilon(1e-9));
  }
}

TEST_CASE("AUC: from logits") {
  const Tensor logits = constant({-20.0, 0.0, std::log(0.3 / 0.7), std::log(9)});
  CHECK(AUC({.num_thresholds = 3, .from_logits = true})(y_true, logits) == doctest::Approx(0.75));
  CHECK(AUC({.from_logits = true})(constant({0, 1}), constant({-300.0, 300.0})) == doctest::Approx(1));
}

TEST_CASE("AUC: several labels") {
  // confusion_metrics_test.py, MultiAUCTest
  const Tensor p = transpose(constant({{0.0, 0.5, 0.3, 0.9}, {0.1, 0.2, 0.3, 0.4}}));
  const Tensor good = transpose(constant({{0, 0, 1, 1}, {0, 0, 1, 1}}));
  const Tensor bad = transpose(constant({{0, 0, 1, 1}, {1, 1, 0, 0}}));
  AUC each({.num_thresholds = 5, .multi_label = true});
  CHECK(each(good, p) == doctest::Approx((0.875 + 1) / 2));
  CHECK_THROWS_TEXT(ValueError, "[auc] expected 2 labels along the last axis, received shape (4, 3)",
                    each(ones({4, 3}), ones({4, 3})));
  CHECK_THROWS_TEXT(ValueError, "[auc] `y_pred` must have rank 2 when `multi_label = true`, received shape (4,)",
                    each(y_true, y_pred));
  CHECK(each.result() == doctest::Approx((0.875 + 1) / 2));
  each.reset_state();
  CHECK(each(good, p, weights) == doctest::Approx(1 - 0.5 * (1.0 / 2) * (3.0 / 7) * (2.0 / 3)));
  CHECK(AUC({.num_thresholds = 5})(good, p) == doctest::Approx(1 - 3.0 / 32));
  CHECK(AUC({.num_thresholds = 5})(good, p, weights) == doctest::Approx(1 - (1.0 / 3) * (1 - 2.0 / 7) / 2));
  CHECK(AUC({.num_thresholds = 5, .multi_label = true, .num_labels = 2, .label_weights = {0.75, 0.25}})(good, p) ==
        doctest::Approx(0.875 * 0.75 + 0.25));
  CHECK(AUC({.num_thresholds = 5, .label_weights = {0.75, 0.25}})(good, p) == doctest::Approx(1 - 0.625 * 0.375 / 2));
  AUC pr({.num_thresholds = 5, .curve = "PR", .multi_label = true});
  CHECK(pr(good, p) == doctest::Approx((0.917 + 1) / 2).epsilon(0.02));
  pr.reset_state();
  CHECK(pr(bad, p) == doctest::Approx((0.917 + 0.5) / 2).epsilon(0.1));
}

TEST_CASE("AUC: bad options") {
  CHECK_THROWS_TEXT(ValueError, "[auc] unknown curve 'Invalid', expected one of: ROC, PR, PRGAIN",
                    AUC({.curve = "Invalid"}));
  CHECK_THROWS_TEXT(ValueError,
                    "[mine] unknown summation_method 'Invalid', expected one of: interpolation, minoring, majoring",
                    AUC({.summation_method = "Invalid", .name = "mine"}));
  CHECK_THROWS_TEXT(ValueError, "[auc] expected num_thresholds > 1, received 1", AUC({.num_thresholds = 1}));
  CHECK_THROWS_TEXT(ValueError, "[auc] Threshold values must be in [0, 1], received 2", AUC({.thresholds = {0.5, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[auc] num_labels is needed only when multi_label is true", AUC({.num_labels = 2}));
  CHECK_THROWS_TEXT(ValueError, "[auc] expected one of the 2 label_weights for each place of the last axis",
                    AUC({.label_weights = {1, 2}})(y_true, y_pred));
}
