#include "xtape/losses/sparse_categorical_crossentropy.hpp"

#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using losses::sparse_categorical_crossentropy;
using losses::SparseCategoricalCrossentropy;

namespace {
const Tensor labels = constant({0, 1, 2});
const Tensor probabilities = constant({{0.9, 0.05, 0.05}, {0.5, 0.89, 0.6}, {0.05, 0.01, 0.94}});
const Tensor logits = constant({{8.0, 1.0, 1.0}, {0.0, 9.0, 1.0}, {2.0, 3.0, 5.0}});
}  // namespace

TEST_CASE("sparse_categorical_crossentropy: Keras's numbers") {
  // losses_test.py, SparseCategoricalCrossentropyTest, and the docstring.
  CHECK_CLOSE(SparseCategoricalCrossentropy()(labels, probabilities), 0.3239, 0, 1e-4);
  CHECK_CLOSE(SparseCategoricalCrossentropy()(labels, probabilities, 2.3), 0.7449, 0, 3e-4);
  const Tensor weights = constant({{1.2}, {3.4}, {5.6}});
  CHECK_CLOSE(SparseCategoricalCrossentropy()(labels, probabilities, weights), 1.0696, 0, 1e-4);
  CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true})(labels, logits), 0.0573, 0, 1e-4);
  CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true})(labels, logits, weights), 0.31829, 0, 1e-5);
  CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true, .reduction = "none"})(labels, logits),
              constant({0.001822, 0.000459, 0.169846}), 0, 1e-6);
  CHECK_CLOSE(sparse_categorical_crossentropy(constant({1, 2}), constant({{0.05, 0.95, 0.0}, {0.1, 0.8, 0.1}})),
              constant({0.0513, 2.303}), 0, 5e-4);
}

TEST_CASE("sparse_categorical_crossentropy: -log of the label's share") {
  const Tensor p = constant({{1.0, 3.0}, {0.25, 0.75}, {2.0, 2.0}}, float64) / 4.0;
  CHECK_CLOSE(sparse_categorical_crossentropy(constant({1, 0, 0}), p),
              {-std::log(0.75), -std::log(0.25), -std::log(0.5)});
}

TEST_CASE("sparse_categorical_crossentropy: labels of any dtype and of shape [batch] or [batch, 1]") {
  const Tensor expected = sparse_categorical_crossentropy(labels, logits, {.from_logits = true});
  CHECK(expected.shape() == Shape{3});
  for (DType dtype : {uint8, int32, int64, float32, float64, bfloat16}) {
    CAPTURE(name(dtype));
    for (const Shape& shape : {Shape{3}, Shape{3, 1}}) {
      const Tensor y = reshape(cast(labels, dtype), shape);
      CHECK_SAME_BITS(sparse_categorical_crossentropy(y, logits, {.from_logits = true}), expected);
      CHECK(sparse_categorical_crossentropy(y, probabilities).shape() == Shape{3});
    }
  }
  // More axes: pixels (Keras's test_binary_segmentation in small).
  const Tensor pixels = constant({{{1.0, 0.0}, {0.2, 0.8}}, {{0.0, 1.0}, {0.6, 0.4}}});
  CHECK_CLOSE(sparse_categorical_crossentropy(constant({{0, 0}, {1, 1}}), pixels),
              constant({{0.0, -std::log(0.2)}, {0.0, -std::log(0.4)}}), 1e-6, 2e-7);
}

TEST_CASE("sparse_categorical_crossentropy: probabilities of 0 and 1 are clipped by 1e-7") {
  const Tensor hard = constant({{1.0, 0.0}, {1.0, 0.0}, {0.0, 0.0}}, float64);
  GradientTape tape;
  tape.watch(hard);
  const Tensor loss = sparse_categorical_crossentropy(constant({0, 1, 1}), hard);
  CHECK_CLOSE(loss, {-std::log1p(-1e-7), -std::log(1e-7), std::log(2.0)}, 1e-8);
  CHECK_CLOSE(tape.gradient(loss, hard), zeros({3, 2}, float64));
}

TEST_CASE("sparse_categorical_crossentropy: right after softmax, exact for logits of any size") {
  // The probabilities of these are 0 and 1 to the last bit: from them the loss would be at most -log(1e-7) = 16.1 and
  // the gradient 0.
  const Tensor x = constant({{300.0, -300.0, 0.0}, {300.0, -300.0, 0.0}, {-300.0, -300.0, -300.0}});
  GradientTape tape;
  tape.watch(x);
  const Tensor loss = sparse_categorical_crossentropy(constant({0, 1, 2}), nn::softmax(x));
  CHECK_CLOSE(loss, {0, 600, std::log(3.0)});
  const double third = 1.0 / 3;
  CHECK_CLOSE(tape.gradient(loss, x), constant({{0.0, 0.0, 0.0}, {1.0, -1.0, 0.0}, {third, third, -2 * third}}));
  const auto check = check_gradients(
      [](const Tensor& v) { return sparse_categorical_crossentropy(labels, nn::softmax(v)); }, cast(logits, float64));
  CHECK_MESSAGE(check.ok, check.message);
}

TEST_CASE("sparse_categorical_crossentropy: gradients against finite differences, twice") {
  const auto check = check_gradients([](const Tensor& p) { return sparse_categorical_crossentropy(labels, p); },
                                     cast(probabilities, float64));
  CHECK_MESSAGE(check.ok, check.message);
  const auto from_logits =
      check_gradients([](const Tensor& x) { return sparse_categorical_crossentropy(labels, x, {.from_logits = true}); },
                      cast(logits, float64));
  CHECK_MESSAGE(from_logits.ok, from_logits.message);
}

TEST_CASE("sparse_categorical_crossentropy: from_logits after a softmax warns and uses its logits") {
  const testing::WarningCapture warnings;
  CHECK_CLOSE(sparse_categorical_crossentropy(labels, nn::softmax(logits), {.from_logits = true}),
              sparse_categorical_crossentropy(labels, logits, {.from_logits = true}));
  CHECK(warnings.text().find("[sparse_categorical_crossentropy] received from_logits = true, but y_pred was made by a "
                             "softmax") != std::string::npos);
}

TEST_CASE("sparse_categorical_crossentropy: bfloat16 predictions are computed in float32") {
  const Tensor loss = sparse_categorical_crossentropy(labels, cast(logits, bfloat16), {.from_logits = true});
  CHECK(loss.dtype() == float32);
  CHECK_CLOSE(loss, constant({0.001822, 0.000459, 0.169846}), 0, 1e-6);
}

TEST_CASE("sparse_categorical_crossentropy: what does not fit is refused") {
  CHECK_THROWS_TEXT(ValueError,
                    "[sparse_categorical_crossentropy] expected labels of shape (3,) or (3, 1) for y_pred of shape "
                    "(3, 3), received (2,)",
                    sparse_categorical_crossentropy(constant({0, 1}), logits));
  CHECK_THROWS_TEXT(ValueError, "received (3, 3) (are these one-hot labels?)",
                    sparse_categorical_crossentropy(eye(3), logits));
  CHECK_THROWS_TEXT(ValueError, "[sparse_categorical_crossentropy] label 1.5 at position 1 is not an integer",
                    sparse_categorical_crossentropy(constant({0.0, 1.5, 2.0}), logits));
  CHECK_THROWS_TEXT(ValueError, "label nan at position 0 is not an integer",
                    sparse_categorical_crossentropy(constant({std::nan(""), 1.0, 2.0}), logits));
  CHECK_THROWS_TEXT(IndexError, "label 3 at position 2 is outside [0, 3)",
                    sparse_categorical_crossentropy(constant({0, 1, 3}), probabilities));
  CHECK_THROWS_TEXT(IndexError, "label -1 at position 0 is outside [0, 3)",
                    sparse_categorical_crossentropy(constant({-1, 1, 2}), logits, {.from_logits = true}));
  CHECK_THROWS_TEXT(TypeError, "[sparse_categorical_crossentropy] expected floating predictions, received int32",
                    sparse_categorical_crossentropy(labels, zeros({3, 3}, int32)));
  CHECK_THROWS_TEXT(ValueError, "expected y_pred of shape [..., classes], received a scalar",
                    sparse_categorical_crossentropy(constant(0), constant(1.0)));
}

TEST_CASE("sparse_categorical_crossentropy: an ignored class") {
  // losses_test.py, test_ignore_class
  const Tensor x = constant({{{0.854, 0.698, 0.598}, {0.088, 0.86, 0.018}}});
  const Tensor none = constant({{0.0, 1.480129}});
  for (const Tensor& y : {constant({{-1, 2}}), constant({{-1.0, 2.0}})}) {
    CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true, .ignore_class = -1, .reduction = "none"})(y, x),
                none);
    CHECK_CLOSE(sparse_categorical_crossentropy(reshape(y, {1, 2, 1}), x, {.from_logits = true, .ignore_class = -1}),
                none);
    // The mean is that of the others, by whatever weights.
    CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true, .ignore_class = -1})(y, x), 1.480129);
    CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true, .ignore_class = -1, .reduction = "sum"})(y, x),
                1.480129);
    const Tensor weights = constant({{3.0, 0.5}});
    CHECK_CLOSE(SparseCategoricalCrossentropy({.from_logits = true, .ignore_class = -1})(y, x, weights), 0.7400645);
    CHECK_CLOSE(SparseCategoricalCrossentropy(
                    {.from_logits = true, .ignore_class = -1, .reduction = "mean_with_sample_weight"})(y, x, weights),
                1.480129);
  }
  // All of them, and a prediction that is NaN
  const Tensor hidden = constant({{std::nan(""), 1.0}, {0.25, 0.75}}, float64);
  for (const bool from_logits : {false, true}) {
    const SparseCategoricalCrossentropy loss({.from_logits = from_logits, .ignore_class = 255});
    CHECK_CLOSE(loss(constant({255, 255}), hidden), 0.0);
  }
  GradientTape tape;
  tape.watch(hidden);
  const Tensor loss = SparseCategoricalCrossentropy({.ignore_class = 255})(constant({255, 0}), hidden);
  CHECK_CLOSE(loss, std::log(4.0), 1e-6);
  CHECK_CLOSE(tape.gradient(loss, hidden), constant({{0.0, 0.0}, {-3.0, 1.0}}, float64), 1e-6);
  CHECK_THROWS_TEXT(IndexError, "label -1 at position 0 is outside [0, 2)",
                    sparse_categorical_crossentropy(constant({-1, 0}), hidden, {.ignore_class = 255}));
}
