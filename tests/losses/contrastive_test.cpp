#include "xtape/losses/contrastive.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;

TEST_CASE("contrastive: squares of distances of pairs that belong together, of what the others lack") {
  const Tensor together = constant({0, 0, 1, 1, 0}), distances = constant({0.1, 3.0, 0.5, 2.0, 1.0});
  CHECK_CLOSE(losses::contrastive(together, distances), {0.81, 0, 0.25, 4, 0});
  CHECK_CLOSE(losses::contrastive(together, distances, 4), {15.21, 1, 0.25, 4, 9});
  CHECK_CLOSE(losses::Contrastive()(together, distances), 5.06 / 5);
  CHECK_CLOSE(losses::Contrastive(4, {.reduction = "sum"})(together, distances), 29.46);
  CHECK_CLOSE(AnyLoss("contrastive")(constant({{0}, {1}}), constant({0.5, 0.5})), 0.25);
  const GradientCheck check =
      check_gradients([](const Tensor& t, const Tensor& d) { return losses::contrastive(t, d); },
                      constant({0.2, 1.0, 0.0}, float64), constant({0.3, 0.7, 1.4}, float64));
  CHECK_MESSAGE(check, check.message);
  CHECK_THROWS_TEXT(ValueError, "[contrastive] y_true and y_pred must have the same shape: (2,) and (3,)",
                    losses::contrastive(zeros({2}), ones({3})));
}
