#include "xtape/losses/hinge.hpp"

#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {
namespace {

/// 1 - y_true y_pred where that is positive, else 0.
Tensor margins(const char* op, const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired(op, y_true, y_pred);
  // Labels that are all 0 or 1 stand for -1 and 1.
  const Tensor binary = reduce_all(logical_or(target == 0, target == 1));
  return maximum(1 - where(binary, 2 * target - 1, target) * prediction, 0);
}

}  // namespace

Tensor hinge(const Tensor& y_true, const Tensor& y_pred) { return reduce_mean(margins("hinge", y_true, y_pred), -1); }

Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred) {
  return reduce_mean(square(margins("squared_hinge", y_true, y_pred)), -1);
}

// max(0, 1 + the best wrong class - the right class).
Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("categorical_hinge", y_true, y_pred);
  const Tensor pos = reduce_sum(target * prediction, -1), neg = reduce_max((1 - target) * prediction, -1);
  return maximum(neg - pos + 1, 0);
}

Hinge::Hinge(const HingeOptions& options) : LossFunctionWrapper(hinge, options) {}

SquaredHinge::SquaredHinge(const SquaredHingeOptions& options) : LossFunctionWrapper(squared_hinge, options) {}

CategoricalHinge::CategoricalHinge(const CategoricalHingeOptions& options)
    : LossFunctionWrapper(categorical_hinge, options) {}

}  // namespace xtape::losses
