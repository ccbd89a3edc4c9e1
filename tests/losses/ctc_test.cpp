#include "xtape/losses/ctc.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/ops/ctc_loss.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;

TEST_CASE("ctc: Keras's number") {
  // losses_test.py, CTCTest; the second row has three labels, the last of which is a 0
  const Tensor logits = (reshape(arange(0.0, 24.0, 1.0, float64), {2, 4, 3}) - 12) / 100;
  const Tensor y_true = constant({{1, 2, 1, 0}, {1, 2, 0, 2}});
  CHECK_CLOSE(losses::CTC()(y_true, logits), 2.448645, 1e-6);
  CHECK_CLOSE(AnyLoss("ctc")(cast(y_true, float32), cast(logits, float32)), 2.448645, 1e-6);
  CHECK(losses::ctc(y_true, cast(logits, bfloat16)).dtype() == float32);
}

TEST_CASE("ctc: nn::ctc_loss with the lengths of labels that are not 0") {
  const Tensor logits = sin(reshape(arange(0.0, 60.0, 1.0, float64) * 1.7, {3, 5, 4}));
  const Tensor y_true = constant({{1, 2, 3}, {2, 2, 0}, {0, 0, 0}});
  CHECK_SAME_BITS(losses::ctc(y_true, logits), nn::ctc_loss(y_true, logits, constant({3, 2, 0}), constant({5, 5, 5})));
  const GradientCheck check = check_gradients([&](const Tensor& x) { return losses::ctc(y_true, x); }, logits);
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("ctc: errors") {
  CHECK_THROWS_TEXT(
      ValueError,
      "[ctc] expected y_true [batch, symbols] and y_pred [batch, steps, classes], received (2,) and (2, 3, 4)",
      losses::ctc(zeros({2}, int32), zeros({2, 3, 4})));
  CHECK_THROWS_TEXT(IndexError, "symbol 4 of target 1 is outside [0, 4)",
                    losses::ctc(constant({{1, 2}, {3, 4}}), zeros({2, 3, 4})));
}
