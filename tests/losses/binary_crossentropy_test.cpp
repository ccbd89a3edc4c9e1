#include "xtape/losses/binary_crossentropy.hpp"

#include <cmath>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using losses::binary_crossentropy;
using losses::BinaryCrossentropy;
using losses::BinaryFocalCrossentropy;
using losses::CategoricalFocalCrossentropy;

TEST_CASE("binary_crossentropy: Keras's numbers") {
  // losses_test.py, BinaryCrossentropyTest
  CHECK_CLOSE(BinaryCrossentropy()(eye(3), constant({{0.9, 0.1, 0.2}, {0.3, 0.8, 0.1}, {0.1, 0.2, 0.7}})), 0.20046903);
  const Tensor y = constant({{1, 0, 1}, {0, 1, 1}}), logits = constant({{10.0, -10.0, 10.0}, {10.0, 10.0, -10.0}});
  const BinaryCrossentropy loss({.from_logits = true});
  CHECK_CLOSE(loss(y, logits), 3.3333, 0, 1e-4);
  CHECK_CLOSE(loss(y, logits, 2.3), 7.666, 0, 1e-3);
  CHECK_CLOSE(loss(y, logits, constant({4, 3})), 10.0, 0, 1e-3);
  CHECK_CLOSE(BinaryCrossentropy({.from_logits = true, .reduction = "none"})(y, logits), constant({0.0, 6.666}), 0,
              1e-3);
  const Tensor one = constant({{10.0, -10.0, -10.0}});
  CHECK_CLOSE(BinaryCrossentropy({.from_logits = true, .label_smoothing = 0.1})(constant({{1, 0, 1}}), one),
              (10 + 5 * 0.1) / 3, 0, 1e-4);
  CHECK_CLOSE(BinaryCrossentropy()(constant({{1, 0}, {1, 0}}), constant({{1.0, 1.0}, {1.0, 0.0}})), 3.98559, 1e-5);
}

TEST_CASE("binary_crossentropy: label smoothing and axis") {
  const Tensor p = constant({{0.2, 0.5}, {0.7, 0.9}}, float64), y = constant({{1, 0}, {1, 1}});
  const auto ce = [](double label, double v) { return -label * std::log(v) - (1 - label) * std::log(1 - v); };
  CHECK_CLOSE(binary_crossentropy(y, p, {.label_smoothing = 0.2}),
              constant({(ce(0.9, 0.2) + ce(0.1, 0.5)) / 2, (ce(0.9, 0.7) + ce(0.9, 0.9)) / 2}, float64), 1e-12);
  CHECK_CLOSE(binary_crossentropy(y, p, {.axis = 0}),
              constant({(ce(1, 0.2) + ce(1, 0.7)) / 2, (ce(0, 0.5) + ce(1, 0.9)) / 2}, float64), 1e-12);
  for (double wrong : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_TEXT(ValueError, "[binary_crossentropy] expected label_smoothing in [0, 1], received",
                      BinaryCrossentropy({.label_smoothing = wrong}));
  }
  CHECK_THROWS_AS(binary_crossentropy(y, p, {.axis = 2}), IndexError);
}

TEST_CASE("binary_crossentropy: exact for logits of any size") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(constant({{300.0}, {300.0}, {-300.0}, {0.0}, {-1000.0}}), dtype);
    const Tensor y = constant({{1.0}, {0.0}, {0.5}, {1.0}, {1.0}});
    GradientTape tape;
    tape.watch(x);
    const Tensor loss = binary_crossentropy(y, x, {.from_logits = true});
    CHECK_CLOSE(loss, {0, 300, 150, std::log(2), 1000}, 1e-6, 1e-100);
    CHECK_CLOSE(tape.gradient(loss, x), {0, 1, -0.5, -0.5, -1});
  }
}

TEST_CASE("binary_crossentropy: probabilities of 0 and 1 are clipped by 1e-7") {
  const Tensor hard = constant({{1.0}, {1.0}}, float64);
  GradientTape tape;
  tape.watch(hard);
  const Tensor loss = binary_crossentropy(constant({{1}, {0}}), hard);
  CHECK_CLOSE(loss, {-std::log1p(-1e-7), -std::log(1e-7)}, 1e-8);
  CHECK_CLOSE(tape.gradient(loss, hard), zeros({2, 1}, float64));
}

TEST_CASE("binary_crossentropy: gradients from logits against finite differences, twice") {
  const Tensor y = constant({{0.2, 1.0, 0.0}, {0.9, 0.1, 0.5}}, float64);
  const Tensor x = constant({{1.5, -2.7, 2.9}, {-3.8, 1.2, 0.0}}, float64);
  for (const double smoothing : {0.0, 0.2}) {
    const auto check = check_gradients(
        [&](const Tensor& labels, const Tensor& v) {
          return binary_crossentropy(labels, v, {.from_logits = true, .label_smoothing = smoothing});
        },
        y, x);
    CHECK_MESSAGE(check.ok, check.message);
  }
  for (const double gamma : {0.0, 0.5, 1.0, 2.0, 3.0}) {
    CAPTURE(gamma);
    for (const bool from_logits : {false, true}) {
      const auto focal = check_gradients(
          [&](const Tensor& labels, const Tensor& v) {
            return losses::binary_focal_crossentropy(
                labels, v, {.apply_class_balancing = true, .gamma = gamma, .from_logits = from_logits});
          },
          y, from_logits ? x : nn::sigmoid(x));
      CHECK_MESSAGE(focal.ok, focal.message);
    }
  }
}

TEST_CASE("binary_focal_crossentropy: Keras's numbers") {
  // losses_test.py, BinaryFocalCrossentropyTest
  const Tensor y = constant({{1, 0}, {1, 0}}), p = constant({{0.9, 0.8}, {0.7, 0.2}});
  CHECK_CLOSE(BinaryFocalCrossentropy()(y, p), 0.268, 0, 5e-4);
  CHECK_CLOSE(BinaryFocalCrossentropy()(y, p, constant({{1.2}, {3.4}})), 0.34415, 0, 5e-4);
  CHECK_CLOSE(BinaryFocalCrossentropy({.reduction = "none"})(y, p), constant({0.515547, 0.020513}), 0, 1e-6);
  const Tensor z = constant({{1, 1, 0}, {0, 1, 0}}), x = constant({{1.5, -2.7, 2.9}, {-3.8, 1.2, -4.5}});
  CHECK_CLOSE(BinaryFocalCrossentropy({.gamma = 3, .from_logits = true})(z, x), 0.799, 0, 5e-4);
  CHECK_CLOSE(BinaryFocalCrossentropy({.gamma = 3, .from_logits = true})(z, x, constant({{1.2}, {3.4}})), 0.95977, 0,
              5e-4);
  // The labels 1 by 0.25, the labels 0 by 0.75, and without focus the crossentropy itself
  CHECK_CLOSE(BinaryFocalCrossentropy({.apply_class_balancing = true, .reduction = "none"})(y, p),
              constant({(-0.25 * 0.01 * std::log(0.9) - 0.75 * 0.64 * std::log(0.2)) / 2,
                        (-0.25 * 0.09 * std::log(0.7) - 0.75 * 0.04 * std::log(0.8)) / 2}));
  CHECK_CLOSE(losses::binary_focal_crossentropy(y, p, {.gamma = 0}), binary_crossentropy(y, p));
  CHECK_CLOSE(losses::binary_focal_crossentropy(y, p, {.label_smoothing = 1, .axis = 0}),
              losses::binary_focal_crossentropy(full({2, 2}, 0.5), p, {.axis = 0}));
}

TEST_CASE("binary_focal_crossentropy: logits of any size") {
  for (const double gamma : {0.5, 2.0}) {
    const Tensor x = constant({{300.0}, {300.0}, {-300.0}}), y = constant({{1.0}, {0.0}, {0.0}});
    GradientTape tape;
    tape.watch(x);
    const Tensor loss = losses::binary_focal_crossentropy(y, x, {.gamma = gamma, .from_logits = true});
    CHECK_CLOSE(loss, {0, 300, 0}, 1e-6, 1e-30);
    CHECK_CLOSE(tape.gradient(loss, x), {0, 1, 0}, 1e-6, 1e-12);
  }
  CHECK_THROWS_TEXT(ValueError, "[binary_focal_crossentropy] expected gamma >= 0, received -1",
                    BinaryFocalCrossentropy({.gamma = -1}));
  CHECK_THROWS_TEXT(ValueError, "[binary_focal_crossentropy] expected label_smoothing in [0, 1], received 2",
                    BinaryFocalCrossentropy({.label_smoothing = 2}));
}

TEST_CASE("categorical_focal_crossentropy: Keras's numbers") {
  // losses_test.py, CategoricalFocalCrossentropyTest
  const Tensor p = constant({{0.9, 0.05, 0.05}, {0.5, 0.89, 0.6}, {0.05, 0.01, 0.94}});
  const Tensor logits = constant({{8.0, 1.0, 1.0}, {0.0, 9.0, 1.0}, {2.0, 3.0, 5.0}});
  const Tensor weights = constant({{1.2}, {3.4}, {5.6}});
  CHECK_CLOSE(CategoricalFocalCrossentropy()(eye(3), p), 0.02059, 0, 1e-5);
  CHECK_CLOSE(CategoricalFocalCrossentropy()(eye(3), p, weights), 0.06987, 0, 1e-5);
  const Tensor values = constant({1.5096224e-09, 2.4136547e-11, 1.0360638e-03});
  CHECK_CLOSE(CategoricalFocalCrossentropy({.from_logits = true, .reduction = "none"})(eye(3), logits), values, 2e-3,
              1e-12);
  CHECK_CLOSE(CategoricalFocalCrossentropy({.reduction = "none"})(eye(3), nn::softmax(logits)), values, 2e-3, 1e-12);
  CHECK_CLOSE(CategoricalFocalCrossentropy({.from_logits = true, .label_smoothing = 0.1})(
                  constant({{1, 0, 0}}), constant({{4.9, -0.5, 2.05}})),
              0.06685, 0, 1e-4);
  CHECK_CLOSE(losses::categorical_focal_crossentropy(eye(3), p, {.alpha = {1, 2, 4}, .gamma = 1}),
              constant({-0.1 * std::log(0.9), -2 * (1.1 / 1.99) * std::log(0.89 / 1.99), -4 * 0.06 * std::log(0.94)}),
              1e-5);
}

TEST_CASE("categorical_focal_crossentropy: gradients, logits of any size, errors") {
  const Tensor y = constant({{0.2, 0.5, 0.3}, {0.0, 0.0, 1.0}}, float64);
  const Tensor x = constant({{1.5, -2.7, 2.9}, {-1.8, 1.2, 0.0}}, float64);
  for (const double gamma : {0.0, 0.5, 2.0}) {
    for (const bool from_logits : {false, true}) {
      const auto check = check_gradients(
          [&](const Tensor& labels, const Tensor& v) {
            return losses::categorical_focal_crossentropy(
                labels, v, {.alpha = {0.2, 0.3, 0.5}, .gamma = gamma, .from_logits = from_logits});
          },
          y, from_logits ? x : exp(x));
      CHECK_MESSAGE(check.ok, check.message);
    }
    const Tensor far = constant({{300.0, -300.0}, {300.0, -300.0}});
    GradientTape tape;
    tape.watch(far);
    const Tensor loss = losses::categorical_focal_crossentropy(eye(2), far, {.gamma = gamma, .from_logits = true});
    CHECK_CLOSE(loss, {0, 150}, 1e-6, 1e-12);
    CHECK_CLOSE(tape.gradient(loss, far), {0, 0, 0.25, -0.25}, 1e-6, 1e-12);
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[categorical_focal_crossentropy] expected one alpha, or one for each of 3 classes, received 2",
                    losses::categorical_focal_crossentropy(y, x, {.alpha = {1, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[categorical_focal_crossentropy] expected gamma >= 0, received nan",
                    CategoricalFocalCrossentropy({.gamma = std::nan("")}));
}

TEST_CASE("binary_crossentropy: right after sigmoid, exact for logits of any size") {
  // The probabilities of these are 0 and 1 to the last bit.
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(constant({{300.0}, {300.0}, {-300.0}, {0.0}}), dtype), y = constant({1, 0, 1, 1});
    GradientTape tape;
    tape.watch(x);
    const Tensor loss = binary_crossentropy(y, nn::sigmoid(x));
    CHECK_CLOSE(loss, {0, 300, 300, std::log(2)}, 1e-6, 1e-100);
    CHECK_CLOSE(tape.gradient(loss, x), {0, 1, -1, -0.5}, 1e-6, 1e-100);
  }
  const Tensor x = constant({{1.5, -2.7}, {-3.8, 0.0}}, float64), y = constant({{0.2, 1.0}, {0.9, 0.0}}, float64);
  const auto check = check_gradients([&](const Tensor& v) { return binary_crossentropy(y, nn::sigmoid(v)); }, x);
  CHECK_MESSAGE(check.ok, check.message);
  CHECK_CLOSE(binary_crossentropy(y, nn::sigmoid(x)), binary_crossentropy(y, sigmoid(x)), 1e-6);
  CHECK_CLOSE(losses::binary_focal_crossentropy(y, nn::sigmoid(x)), losses::binary_focal_crossentropy(y, sigmoid(x)),
              1e-6);
}

TEST_CASE("binary_crossentropy: a sigmoid's logits are not a softmax's, nor the other way round") {
  const Tensor x = constant({{1.0, -2.0}, {0.5, 3.0}}, float64), y = eye(2);
  CHECK_CLOSE(binary_crossentropy(y, nn::softmax(x)), binary_crossentropy(y, nn::softmax(x) * 1));
  CHECK_CLOSE(losses::categorical_crossentropy(y, nn::sigmoid(x)), losses::categorical_crossentropy(y, sigmoid(x)));
  // A sigmoid of probabilities that remember their logits is not traced, but right.
  CHECK_CLOSE(binary_crossentropy(y, nn::sigmoid(nn::sigmoid(x))), binary_crossentropy(y, sigmoid(sigmoid(x))), 1e-6);
  CHECK_CLOSE(binary_crossentropy(y, nn::sigmoid(nn::softmax(x))), binary_crossentropy(y, sigmoid(nn::softmax(x))),
              1e-6);
  CHECK_CLOSE(losses::categorical_crossentropy(y, nn::softmax(nn::sigmoid(x))),
              losses::categorical_crossentropy(y, nn::softmax(sigmoid(x))), 1e-6);
}

TEST_CASE("binary_crossentropy: from_logits after a sigmoid warns and uses its logits") {
  const testing::WarningCapture warnings;
  const Tensor x = constant({{1.0, -2.0}}), y = constant({{1, 0}});
  CHECK_CLOSE(binary_crossentropy(y, nn::sigmoid(x), {.from_logits = true}),
              binary_crossentropy(y, x, {.from_logits = true}));
  CHECK(warnings.text().find("[binary_crossentropy] received from_logits = true, but y_pred was made by a sigmoid") !=
        std::string::npos);
}
