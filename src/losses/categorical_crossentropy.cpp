#include "xtape/losses/categorical_crossentropy.hpp"

#include "losses/crossentropy.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"

// -sum_c y_c log p_c, the probabilities divided by their sum first, as in Keras; of logits as one op with the softmax.
namespace xtape::losses {
namespace {

constexpr const char* op = "categorical_crossentropy";

}  // namespace

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options) {
  const auto [labels, values, is_logits] =
      detail::categorical_inputs(op, y_true, y_pred, options.from_logits, options.label_smoothing, options.axis);
  if (is_logits) return nn::softmax_cross_entropy_with_logits(labels, values);
  return -reduce_sum(labels * log(detail::clipped(values / reduce_sum(values, -1, true))), -1);
}

CategoricalCrossentropy::CategoricalCrossentropy(const CategoricalCrossentropyOptions& options)
    : Loss(options), options_{options.from_logits, options.label_smoothing, options.axis} {
  detail::check_smoothing(op, options.label_smoothing);
}

Tensor CategoricalCrossentropy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return categorical_crossentropy(y_true, y_pred, options_);
}

}  // namespace xtape::losses
