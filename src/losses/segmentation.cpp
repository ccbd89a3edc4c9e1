#include "xtape/losses/segmentation.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::losses {

namespace {

/// Labels and predictions, both 0 where the mask of the predictions leaves them out: the sums below are over all
/// elements, so a weight of the loss would come too late.
detail::Pair unmasked(const char* op, const Tensor& y_true, const Tensor& y_pred) {
  const auto [y, p] = detail::paired(op, y_true, y_pred);
  const Tensor mask = get_mask(y_pred);
  if (!mask.defined()) return {y, p};
  const Tensor kept = reshape(mask, detail::mask_shape(op, mask.shape(), p.shape()));
  return {where(kept, y, 0), where(kept, p, 0)};
}

}  // namespace

// 1 - 2 |y and p| / (|y| + |p|) of fuzzy sets (Milletari, Navab, Ahmadi, 2016).
Tensor dice(const Tensor& y_true, const Tensor& y_pred, const Axes& axis) {
  const auto [y, p] = unmasked("dice", y_true, y_pred);
  return 1 - 2 * reduce_sum(y * p, axis) / (reduce_sum(y, axis) + reduce_sum(p, axis) + detail::epsilon);
}

// 1 - tp / (tp + alpha fp + beta fn) (Salehi, Erdogmus, Gholipour, 2017); alpha = beta = 0.5 is dice.
Tensor tversky(const Tensor& y_true, const Tensor& y_pred, const TverskyArguments& options) {
  const auto [y, p] = unmasked("tversky", y_true, y_pred);
  const Tensor tp = reduce_sum(y * p, options.axis), fp = reduce_sum((1 - y) * p, options.axis),
               fn = reduce_sum(y * (1 - p), options.axis);
  return 1 - tp / (tp + fp * options.alpha + fn * options.beta + detail::epsilon);
}

Dice::Dice(const DiceOptions& options)
    : LossFunctionWrapper(
          [axis = options.axis](const Tensor& y_true, const Tensor& y_pred) { return dice(y_true, y_pred, axis); },
          options) {}

Tversky::Tversky(const TverskyOptions& options)
    : LossFunctionWrapper(
          [arguments = TverskyArguments{options.alpha, options.beta, options.axis}](
              const Tensor& y_true, const Tensor& y_pred) { return tversky(y_true, y_pred, arguments); },
          options) {}

}  // namespace xtape::losses
