#include "xtape/metrics/confusion_matrix.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/metrics/iou.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using metrics::confusion_matrix;
using metrics::ConfusionMatrix;

TEST_CASE("confusion_matrix: TensorFlow's numbers") {
  // The docstring of tf.math.confusion_matrix
  const Tensor labels = constant({1, 2, 4}), predictions = constant({2, 2, 4});
  const Tensor counts = constant({{0, 0, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 1}});
  CHECK_TENSOR_EQ(confusion_matrix(labels, predictions), counts);
  for (const DType dtype : {uint8, int64, float32}) {
    CHECK_TENSOR_EQ(confusion_matrix(cast(labels, dtype), cast(predictions, dtype), {.num_classes = 5}), counts);
  }
  CHECK_TENSOR_EQ(confusion_matrix(reshape(labels, {3, 1}), predictions, {.dtype = float32}), cast(counts, float32));
  CHECK_CLOSE(confusion_matrix(constant({0, 1, 1}), constant({0, 0, 0}),
                               {.weights = constant({0.5, 1.5, 2.0}), .dtype = float64}),
              constant({{0.5, 0.0}, {3.5, 0.0}}));
  CHECK(confusion_matrix(zeros({0}, int32), zeros({0}, int32)).shape() == Shape{0, 0});
  CHECK_THROWS_TEXT(IndexError, "[confusion_matrix] label 4 at position 2 is outside [0, 3)",
                    confusion_matrix(labels, predictions, {.num_classes = 3}));
  CHECK_THROWS_TEXT(IndexError, "[confusion_matrix] prediction -1 at position 0 is outside [0, 5)",
                    confusion_matrix(labels, constant({-1, 2, 4})));
  CHECK_THROWS_AS(confusion_matrix(constant({1}), full({1}, 9.2e18, int64)), ValueError);
  CHECK_THROWS_TEXT(ValueError, "[confusion_matrix] labels and predictions must have the same shape: (3,) and (2,)",
                    confusion_matrix(labels, constant({0, 1})));
}

TEST_CASE("ConfusionMatrix: adds up batches") {
  ConfusionMatrix matrix({.num_classes = 3, .sparse_y_pred = false});
  CHECK(matrix.name() == "confusion_matrix");
  CHECK(matrix.result() == 0);
  matrix.update_state(constant({0, 2}), constant({{0.1, 0.9, 0.0}, {0.0, 0.1, 0.9}}));
  matrix.update_state(constant({{1}, {1}}), eye(2, 3), constant({0.5, 2.0}));
  CHECK_CLOSE(matrix.matrix(), constant({{0.0, 1.0, 0.0}, {0.5, 2.0, 0.0}, {0.0, 0.0, 1.0}}));
  CHECK(matrix.result() == doctest::Approx(3 / 4.5));
  CHECK_THROWS_TEXT(ValueError, "[confusion_matrix] y_true and y_pred must name as many classes: (3,) and (2, 3)",
                    matrix.update_state(constant({0, 1, 2}), eye(2, 3)));
  CHECK_THROWS_TEXT(ValueError, "[confusion_matrix] sample_weight of shape (3,) does not fit values of shape (2,)",
                    matrix.update_state(constant({0, 1}), eye(2, 3), ones({3})));
  CHECK(matrix.result() == doctest::Approx(3 / 4.5));
  matrix.reset_state();
  CHECK_CLOSE(matrix.matrix(), zeros({3, 3}));
  CHECK_THROWS_TEXT(ValueError, "[confusion_matrix] expected num_classes >= 1, received 0",
                    ConfusionMatrix({.num_classes = 0}));
}

TEST_CASE("IoU: Keras's numbers") {
  // The docstrings, and iou_metrics_test.py
  using metrics::IoU;
  using metrics::MeanIoU;
  const Tensor y = constant({0, 0, 1, 1}), p = constant({0, 1, 0, 1}), weights = constant({0.3, 0.3, 0.3, 0.1});
  CHECK(IoU({.num_classes = 2, .target_class_ids = {0}})(y, p) == doctest::Approx(1.0 / 3));
  CHECK(IoU({.num_classes = 2, .target_class_ids = {0}})(y, p, weights) == doctest::Approx(1.0 / 3));
  CHECK(IoU({.num_classes = 2, .target_class_ids = {1, 0}})(y, p, constant({0.2, 0.3, 0.4, 0.1})) ==
        doctest::Approx((0.1 / 0.8 + 0.2 / 0.9) / 2));
  CHECK(MeanIoU({.num_classes = 2})(y, p) == doctest::Approx(1.0 / 3));
  CHECK(MeanIoU({.num_classes = 2})(y, p, weights) == doctest::Approx(0.23809525));
  CHECK(MeanIoU({.num_classes = 2})(reshape(y, {2, 2}), reshape(p, {2, 2}), reshape(weights, {2, 2})) ==
        doctest::Approx(0.23809525));
  metrics::BinaryIoU binary({.threshold = 0.3});
  CHECK(binary(constant({0, 1, 0, 1}), constant({0.1, 0.2, 0.4, 0.7})) == doctest::Approx(1.0 / 3));
  binary.reset_state();
  CHECK(binary(constant({0, 1, 0, 1}), constant({0.1, 0.2, 0.4, 0.7}), constant({0.2, 0.3, 0.4, 0.1})) ==
        doctest::Approx(0.17361112));
  CHECK(metrics::BinaryIoU({.target_class_ids = {1}})(constant({1, 1}), constant({0.5, 0.4})) == 0.5);
  const Tensor hot = constant({{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {1, 0, 0}});
  const Tensor guess = constant({{0.2, 0.3, 0.5}, {0.1, 0.2, 0.7}, {0.5, 0.3, 0.1}, {0.1, 0.4, 0.5}});
  const Tensor each = constant({0.1, 0.2, 0.3, 0.4});
  CHECK(metrics::OneHotIoU({.num_classes = 3, .target_class_ids = {0, 2}})(hot, guess, each) ==
        doctest::Approx(0.1 / 0.7 / 2));
  CHECK(metrics::OneHotMeanIoU({.num_classes = 3})(hot, guess, each) == doctest::Approx(0.1 / 0.7 / 3));
}

TEST_CASE("IoU: classes that do not occur, are outside or are ignored") {
  using metrics::IoU;
  const Tensor y = constant({0, 0, 1, 1}), p = constant({0, 1, 0, 1});
  IoU all({.num_classes = 4, .target_class_ids = {0, 1, 2, 3}});
  CHECK(all.result() == 0);
  CHECK(all(y, p) == doctest::Approx(1.0 / 3));
  CHECK_CLOSE(all.results(), {1.0 / 3, 1.0 / 3, 0, 0});
  for (const auto& [labels, predictions] :
       {std::pair(constant({0, 2}), constant({0, 1})), std::pair(constant({0, 1}), constant({0, 2})),
        std::pair(constant({-1, 0}), constant({0, 0})), std::pair(constant({0, 1}), constant({0, -1}))}) {
    CHECK(metrics::MeanIoU({.num_classes = 2})(labels, predictions) == 1);
  }
  CHECK(metrics::MeanIoU({.num_classes = 2, .ignore_class = 1})(constant({0, 1, 0}), constant({0, 0, 0})) == 1);
  CHECK_THROWS_TEXT(ValueError, "[io_u] Target class id 2 is out of range, which is [0, 2)",
                    IoU({.num_classes = 2, .target_class_ids = {0, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[io_u] expected one or more target classes",
                    IoU({.num_classes = 2, .target_class_ids = {}}));
  CHECK_THROWS_TEXT(ValueError, "[mean_io_u] expected num_classes >= 1, received -1",
                    metrics::MeanIoU({.num_classes = -1}));
}
