#include "xtape/metrics/sparse_categorical_accuracy.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using metrics::SparseCategoricalAccuracy;

TEST_CASE("metrics::SparseCategoricalAccuracy: Keras's numbers") {
  // accuracy_metrics_test.py, SparseCategoricalAccuracyTest
  const Tensor y_pred = constant({{0.1, 0.6, 0.3}, {0.05, 0.95, 0.0}});
  SparseCategoricalAccuracy accuracy;
  CHECK(accuracy.name() == "sparse_categorical_accuracy");
  CHECK(accuracy.result() == 0);
  accuracy.update_state(constant({{2}, {1}}), y_pred);
  CHECK(accuracy.result() == 0.5);
  accuracy.reset_state();
  accuracy.update_state(constant({{2}, {1}}), y_pred, constant({0.7, 0.3}));
  CHECK(accuracy.result() == doctest::Approx(0.3));
}

TEST_CASE("metrics::SparseCategoricalAccuracy: labels of any dtype, of shape [batch] or [batch, 1]") {
  const Tensor y_pred = constant({{0.0, 5.0}, {-1.0, -2.0}, {3.0, 3.0}});
  for (DType dtype : {uint8, int32, int64, float32, float64}) {
    CAPTURE(name(dtype));
    for (const Shape& shape : {Shape{3}, Shape{3, 1}}) {
      SparseCategoricalAccuracy accuracy;
      accuracy.update_state(reshape(cast(constant({1, 1, 0}), dtype), shape), cast(y_pred, float64));
      CHECK(accuracy.result() == doctest::Approx(2.0 / 3));
    }
  }
  SparseCategoricalAccuracy accuracy;
  accuracy.update_state(constant({0.5, 1.0, 0.0}), y_pred);  // 0.5 is not 0
  CHECK(accuracy.result() == doctest::Approx(1.0 / 3));
  accuracy.update_state(constant({-1, 7, 0}), y_pred);
  CHECK(accuracy.result() == doctest::Approx(2.0 / 6));
  // More axes, and batches of different sizes.
  accuracy.reset_state();
  accuracy.update_state(constant({{1, 0}}), constant({{{0.0, 1.0}, {0.0, 1.0}}}));
  accuracy.update_state(constant({{1, 0}, {0, 1}}), constant({{{0.0, 1.0}, {1.0, 0.0}}, {{1.0, 0.0}, {0.0, 1.0}}}));
  CHECK(accuracy.result() == doctest::Approx(2.5 / 3));
}

TEST_CASE("metrics::SparseCategoricalAccuracy: what does not fit is refused, and adds nothing") {
  SparseCategoricalAccuracy accuracy;
  accuracy.update_state(constant({1}), constant({{0.0, 1.0}}));
  CHECK_THROWS_TEXT(ValueError,
                    "[sparse_categorical_accuracy] expected labels of shape (2,) or (2, 1) for y_pred of shape (2, 3), "
                    "received (3,)",
                    accuracy.update_state(constant({0, 1, 2}), zeros({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "received (2, 2) (are these one-hot labels?)",
                    accuracy.update_state(eye(2), zeros({2, 2})));
  CHECK_THROWS_TEXT(ValueError, "expected y_pred of shape [..., classes], received a scalar",
                    accuracy.update_state(constant(0), constant(1.0)));
  CHECK(accuracy.result() == 1);
}

TEST_CASE("metrics::SparseCategoricalAccuracy: an update is not recorded") {
  const Variable w(constant({{1.0, 2.0}}));
  GradientTape tape;
  SparseCategoricalAccuracy accuracy;
  const Tensor y = w * 2;
  const std::size_t records = tape.num_records();
  accuracy.update_state(constant({1}), y);
  CHECK(tape.num_records() == records);
  CHECK(accuracy.result() == 1);
  CHECK_CLOSE(tape.gradient(y, w), constant({{2.0, 2.0}}));
}
