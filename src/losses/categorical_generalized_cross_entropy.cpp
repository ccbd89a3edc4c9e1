#include "xtape/losses/categorical_generalized_cross_entropy.hpp"

#include "base/check.hpp"
#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

// (1 - p^q) / q for the probability p of the label (Zhang, Sabuncu, 2018): between the crossentropy (q to 0) and the
// mean absolute error (q = 1), so that wrong labels weigh less.
namespace xtape::losses {
namespace {

constexpr const char* op = "categorical_generalized_cross_entropy";

void check_q(double q) {
  if (!(q > 0 && q < 1)) detail::fail<ValueError>(op, "expected q in (0, 1), received {}", q);
}

}  // namespace

Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q) {
  check_q(q);
  const Shape shape = detail::label_shape(op, y_true.shape(), y_pred.shape());
  const Tensor labels = reshape(detail::whole_numbers(op, "label", y_true), shape);
  const auto [values, is_logits] = detail::prediction_of(op, y_pred, /*from_logits=*/false);
  const Tensor log_p = is_logits ? nn::log_softmax(values) : values;
  const Tensor chosen = gather(log_p, labels, y_pred.rank() - 1, y_pred.rank() - 1);
  // The derivative of p^q is infinite at 0: of logits, where it meets the softmax's, 0 is the limit.
  return (1 - (is_logits ? exp(chosen * q) : pow(maximum(chosen, 1e-30), q))) / q;
}

CategoricalGeneralizedCrossEntropy::CategoricalGeneralizedCrossEntropy(
    const CategoricalGeneralizedCrossEntropyOptions& options)
    : LossFunctionWrapper(
          [q = options.q](const Tensor& y_true, const Tensor& y_pred) {
            return categorical_generalized_cross_entropy(y_true, y_pred, q);
          },
          options) {
  check_q(options.q);
}

}  // namespace xtape::losses
