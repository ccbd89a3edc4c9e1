#include "xtape/losses/kl_divergence.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

// sum p log(p / q) with both clipped to [epsilon, 1].
namespace xtape::losses {

Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("kl_divergence", y_true, y_pred);
  const Tensor p = clip_by_value(target, detail::epsilon, 1), q = clip_by_value(prediction, detail::epsilon, 1);
  return reduce_sum(p * log(p / q), -1);
}

KLDivergence::KLDivergence(const KLDivergenceOptions& options) : LossFunctionWrapper(kl_divergence, options) {}

}  // namespace xtape::losses
