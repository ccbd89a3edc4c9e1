#include "losses/crossentropy.hpp"

#include "core/check.hpp"
#include "core/warn.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::detail {

Prediction prediction_of(const char* op, const Tensor& y_pred, bool from_logits) {
  if (!is_floating(y_pred.dtype())) fail<TypeError>(op, "expected floating predictions, received {}", y_pred.dtype());
  const Tensor logits = logits_of(y_pred);
  if (logits && from_logits) {
    static std::atomic<int> given{0};
    warn_limited(given, 5, op,
                 "received from_logits = true, but y_pred was made by a softmax and so does not represent logits: the "
                 "logits that the softmax was taken of are used");
  }
  const Tensor& values = logits ? logits : y_pred;
  return {values.dtype() == float64 ? values : cast(values, float32), from_logits || logits};
}

Tensor clipped(const Tensor& probabilities) {
  constexpr double epsilon = 1e-7;
  return clip_by_value(probabilities, epsilon, 1 - epsilon);
}

}  // namespace xtape::detail
