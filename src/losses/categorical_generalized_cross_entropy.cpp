#include "xtape/losses/categorical_generalized_cross_entropy.hpp"

#include "core/check.hpp"
#include "core/convert.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "categorical_generalized_cross_entropy";

void check_q(double q) {
  if (!(q > 0 && q < 1)) detail::fail<ValueError>(op, "expected q in (0, 1), received {}", q);
}

}  // namespace

Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q) {
  check_q(q);
  if (!is_floating(y_pred.dtype())) {
    detail::fail<TypeError>(op, "expected floating predictions, received {}", y_pred.dtype());
  }
  const Shape shape = detail::label_shape(op, y_true.shape(), y_pred.shape());
  const Tensor labels = reshape(detail::convert(y_true, int64), shape);
  const Tensor p =
      gather(cast(y_pred, y_pred.dtype() == float64 ? float64 : float32), labels, y_pred.rank() - 1, y_pred.rank() - 1);
  return (1 - pow(p, q)) / q;
}

CategoricalGeneralizedCrossEntropy::CategoricalGeneralizedCrossEntropy(
    const CategoricalGeneralizedCrossEntropyOptions& options)
    : LossFunctionWrapper(
          [q = options.q](const Tensor& y_true, const Tensor& y_pred) {
            return categorical_generalized_cross_entropy(y_true, y_pred, q);
          },
          options.name, options.reduction) {
  check_q(options.q);
}

}  // namespace xtape::losses
