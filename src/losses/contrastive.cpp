#include "xtape/losses/contrastive.hpp"

#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::losses {

Tensor contrastive(const Tensor& y_true, const Tensor& y_pred, double margin) {
  const auto [together, distance] = detail::paired("contrastive", y_true, y_pred);
  return together * square(distance) + (1 - together) * square(maximum(margin - distance, 0));
}

Contrastive::Contrastive(const ContrastiveOptions& options)
    : LossFunctionWrapper(
          [margin = options.margin](const Tensor& y_true, const Tensor& y_pred) {
            return contrastive(y_true, y_pred, margin);
          },
          options) {}

}  // namespace xtape::losses
