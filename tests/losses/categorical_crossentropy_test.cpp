#include "xtape/losses/categorical_crossentropy.hpp"

#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using losses::categorical_crossentropy;
using losses::CategoricalCrossentropy;

namespace {
const Tensor one_hots = eye(3, 3, int32);
const Tensor probabilities = constant({{0.9, 0.05, 0.05}, {0.5, 0.89, 0.6}, {0.05, 0.01, 0.94}});
const Tensor logits = constant({{8.0, 1.0, 1.0}, {0.0, 9.0, 1.0}, {2.0, 3.0, 5.0}});
}  // namespace

TEST_CASE("categorical_crossentropy: Keras's numbers") {
  // losses_test.py, CategoricalCrossentropyTest, and the docstrings of the function and of its backend.
  CHECK_CLOSE(CategoricalCrossentropy()(one_hots, probabilities), 0.3239, 0, 1e-4);
  CHECK_CLOSE(CategoricalCrossentropy()(one_hots, probabilities, 2.3), 0.7449, 0, 3e-4);
  const Tensor weights = constant({{1.2}, {3.4}, {5.6}});
  CHECK_CLOSE(CategoricalCrossentropy()(one_hots, probabilities, weights), 1.0696, 0, 1e-4);
  CHECK_CLOSE(CategoricalCrossentropy({.from_logits = true})(one_hots, logits), 0.0573, 0, 1e-4);
  CHECK_CLOSE(CategoricalCrossentropy({.from_logits = true, .reduction = "none"})(one_hots, logits),
              constant({0.001822, 0.000459, 0.169846}), 0, 1e-6);
  CHECK_CLOSE(
      categorical_crossentropy(constant({{0, 1, 0}, {0, 0, 1}}), constant({{0.05, 0.95, 0.0}, {0.1, 0.8, 0.1}})),
      constant({0.0513, 2.303}), 0, 5e-4);
  CHECK_CLOSE(categorical_crossentropy(eye(3), constant({{0.9, 0.05, 0.05}, {0.05, 0.89, 0.06}, {0.05, 0.01, 0.94}})),
              constant({0.10536, 0.11653, 0.06188}), 0, 5e-6);
}

TEST_CASE("categorical_crossentropy: predictions are divided by their sum") {
  CHECK_CLOSE(categorical_crossentropy(constant({{0.5, 0.5}}), constant({{1.0, 3.0}}, float64)),
              {-0.5 * std::log(0.25) - 0.5 * std::log(0.75)});
}

TEST_CASE("categorical_crossentropy: label smoothing") {
  // Keras's test_label_smoothing: 400 s / 3.
  const CategoricalCrossentropy loss({.from_logits = true, .label_smoothing = 0.1});
  CHECK_CLOSE(loss(constant({{1, 0, 0}}), constant({{100.0, -100.0, -100.0}})), 400 * 0.1 / 3);
  const double on = 0.9 + 0.1 / 3, off = 0.1 / 3;
  CHECK_CLOSE(
      categorical_crossentropy(constant({{0, 1, 0}}), constant({{0.2, 0.5, 0.3}}, float64), {.label_smoothing = 0.1}),
      {-on * std::log(0.5) - off * std::log(0.2) - off * std::log(0.3)});
  for (double wrong : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_TEXT(ValueError, "[categorical_crossentropy] expected label_smoothing in [0, 1], received",
                      CategoricalCrossentropy({.label_smoothing = wrong}));
  }
}

TEST_CASE("categorical_crossentropy: probabilities of 0 and 1 are clipped by 1e-7") {
  const Tensor hard = constant({{1.0, 0.0}, {1.0, 0.0}}, float64);
  GradientTape tape;
  tape.watch(hard);
  const Tensor loss = categorical_crossentropy(constant({{1, 0}, {0, 1}}), hard);
  CHECK_CLOSE(loss, {-std::log1p(-1e-7), -std::log(1e-7)}, 1e-8);
  CHECK_CLOSE(tape.gradient(loss, hard), zeros({2, 2}, float64));
}

TEST_CASE("categorical_crossentropy: right after softmax, exact for logits of any size") {
  const Tensor x = constant({{300.0, -300.0}, {300.0, -300.0}, {300.0, -300.0}});
  const Tensor y = constant({{1.0, 0.0}, {0.0, 1.0}, {0.5, 0.5}});
  GradientTape tape;
  tape.watch(x);
  const Tensor loss = categorical_crossentropy(y, nn::softmax(x));
  CHECK_CLOSE(loss, {0, 600, 300});
  CHECK_CLOSE(tape.gradient(loss, x), constant({{0.0, 0.0}, {1.0, -1.0}, {0.5, -0.5}}));
}

TEST_CASE("categorical_crossentropy: gradients against finite differences, twice") {
  const Tensor y = constant({{0.2, 0.5, 0.3}, {0.1, 0.1, 0.8}, {0.6, 0.2, 0.2}}, float64);
  for (double smoothing : {0.0, 0.2}) {
    for (bool from_logits : {false, true}) {
      CAPTURE(from_logits);
      const auto check = check_gradients(
          [&](const Tensor& labels, const Tensor& p) {
            return categorical_crossentropy(labels, p, {.from_logits = from_logits, .label_smoothing = smoothing});
          },
          y, cast(from_logits ? logits : probabilities, float64));
      CHECK_MESSAGE(check.ok, check.message);
    }
    const auto after_softmax = check_gradients(
        [&](const Tensor& x) { return categorical_crossentropy(y, nn::softmax(x), {.label_smoothing = smoothing}); },
        cast(logits, float64));
    CHECK_MESSAGE(after_softmax.ok, after_softmax.message);
  }
}

TEST_CASE("categorical_crossentropy: along another axis") {
  // losses_test.py, test_label_smoothing_with_axis: (batch, classes, spatial)
  const Tensor y = constant({{{1.0, 0.0}, {0.0, 1.0}, {0.0, 0.0}}, {{0.0, 1.0}, {1.0, 0.0}, {0.0, 0.0}}});
  const Tensor p = constant({{{0.8, 0.1}, {0.1, 0.8}, {0.1, 0.1}}, {{0.1, 0.8}, {0.8, 0.1}, {0.1, 0.1}}}, float64);
  const double on = 0.9 + 0.1 / 3, off = 0.1 / 3, ce = -on * std::log(0.8) - 2 * off * std::log(0.1);
  for (const int axis : {1, -2}) {
    CHECK_CLOSE(categorical_crossentropy(y, p, {.label_smoothing = 0.1, .axis = axis}), full({2, 2}, ce), 1e-6);
    const double focal = 0.25 * (-on * 0.04 * std::log(0.8) - 2 * off * 0.81 * std::log(0.1));
    CHECK_CLOSE(losses::categorical_focal_crossentropy(y, p, {.label_smoothing = 0.1, .axis = axis}),
                full({2, 2}, focal), 1e-6);
    CHECK_CLOSE(losses::CategoricalFocalCrossentropy({.label_smoothing = 0.1, .axis = axis})(y, p), focal, 1e-6);
  }
  CHECK_CLOSE(CategoricalCrossentropy({.from_logits = true, .axis = 0})(transpose(one_hots), transpose(logits)), 0.0573,
              0, 1e-4);
  const auto check = check_gradients([&](const Tensor& v) { return categorical_crossentropy(y, v, {.axis = 1}); }, p);
  CHECK_MESSAGE(check.ok, check.message);
  CHECK_THROWS_AS(categorical_crossentropy(one_hots, logits, {.axis = 2}), IndexError);
}

TEST_CASE("categorical_crossentropy: warnings as Keras gives them") {
  const testing::WarningCapture warnings;
  categorical_crossentropy(one_hots, nn::softmax(logits), {.from_logits = true});
  CHECK(warnings.text().find(
            "[categorical_crossentropy] received from_logits = true, but y_pred was made by a softmax") !=
        std::string::npos);
  categorical_crossentropy(ones({2, 1}), ones({2, 1}));
  CHECK(warnings.text().find(
            "expected y_pred of shape (batch_size, num_classes) with num_classes > 1, received (2, 1)") !=
        std::string::npos);
}

TEST_CASE("categorical_crossentropy: what does not fit is refused") {
  CHECK_THROWS_TEXT(ValueError,
                    "[categorical_crossentropy] y_true and y_pred must have the same shape: (3, 1) and (3, 3) "
                    "(sparse_categorical_crossentropy takes integer labels)",
                    categorical_crossentropy(constant({{0}, {1}, {2}}), probabilities));
  CHECK_THROWS_TEXT(ValueError, "must have the same shape: (3,) and (3, 3) (sparse_categorical_crossentropy",
                    categorical_crossentropy(constant({0, 1, 2}), probabilities));
  CHECK_THROWS_TEXT(ValueError, "must have the same shape: (2, 3) and (3, 3)",
                    categorical_crossentropy(ones({2, 3}), probabilities));
  CHECK_THROWS_TEXT(TypeError, "[categorical_crossentropy] expected floating predictions, received bool",
                    categorical_crossentropy(one_hots, zeros({3, 3}, boolean)));
  CHECK_THROWS_TEXT(ValueError, "expected y_pred of shape [..., classes], received a scalar",
                    categorical_crossentropy(constant(1.0), constant(1.0)));
}
