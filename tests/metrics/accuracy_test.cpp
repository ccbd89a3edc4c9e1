#include "xtape/metrics/accuracy.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;
using metrics::Accuracy;

TEST_CASE("metrics::Accuracy: Keras's numbers") {
  // accuracy_metrics_test.py, AccuracyTest
  const Tensor y_true = constant({{1}, {2}, {3}, {4}}), y_pred = constant({{0}, {2}, {3}, {4}});
  Accuracy accuracy;
  CHECK(accuracy.name() == "accuracy");
  CHECK(accuracy.result() == 0);
  accuracy.update_state(y_true, y_pred);
  CHECK(accuracy.result() == 0.75);
  accuracy.reset_state();
  accuracy.update_state(y_true, y_pred, constant({1, 1, 0, 0}));
  CHECK(accuracy.result() == 0.5);
}

TEST_CASE("metrics::Accuracy: ranks, dtypes and batches of different sizes") {
  Accuracy accuracy;
  accuracy.update_state(constant({1, 2, 3}), constant({1.0, 2.0, 0.0}));
  CHECK(accuracy.result() == doctest::Approx(2.0 / 3));
  accuracy.update_state(constant({1.0}), constant({{5.0}}));
  CHECK(accuracy.result() == 0.5);
  // Two elements a sample: shares 1/2 and 1.
  accuracy.reset_state();
  accuracy.update_state(constant({{1, 2}, {3, 4}}), constant({{1, 0}, {3, 4}}));
  CHECK(accuracy.result() == 0.75);
}

TEST_CASE("metrics::Accuracy: shapes that differ are refused, and add nothing") {
  Accuracy accuracy;
  accuracy.update_state(constant({1, 2}), constant({1, 2}));
  CHECK_THROWS_TEXT(ValueError, "[accuracy] y_true and y_pred must have the same shape: (2,) and (3,)",
                    accuracy.update_state(constant({1, 2}), constant({1, 2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[accuracy] sample_weight of shape (4,) does not fit values of shape (2,)",
                    accuracy.update_state(constant({1, 2}), constant({3, 4}), ones({4})));
  CHECK(accuracy.result() == 1);
}
