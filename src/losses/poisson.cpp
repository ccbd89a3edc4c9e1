#include "xtape/losses/poisson.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

// The negative logarithm of the probability, p - y log p + log y!, without the last term, which is constant.
namespace xtape::losses {

Tensor poisson(const Tensor& y_true, const Tensor& y_pred) {
  const auto [target, prediction] = detail::paired("poisson", y_true, y_pred);
  return reduce_mean(prediction - target * log(prediction + detail::epsilon), -1);
}

Poisson::Poisson(const PoissonOptions& options) : LossFunctionWrapper(poisson, options) {}

}  // namespace xtape::losses
