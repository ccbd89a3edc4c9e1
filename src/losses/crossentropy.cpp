#include "losses/crossentropy.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "base/warn.hpp"
#include "losses/shapes.hpp"
#include "ops/logits.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {
namespace {

void check_floating(const char* op, const Tensor& y_pred) {
  detail::expect_floating(op, y_pred.dtype(), "floating predictions");
}

/// (1 - s) labels + s / n
Tensor smoothed(const Tensor& labels, double s, double n) { return s > 0 ? labels * (1 - s) + s / n : labels; }

/// The logits of the activation that made y_pred, where they are known: the loss of logits does not overflow and has an
/// exact gradient. But where a tape follows y_pred and not the logits (it watched y_pred, or saw a derivative of it),
/// the loss is a function of y_pred, and its gradient for y_pred is asked for.
Prediction traced(const char* op, const Tensor& y_pred, const Tensor& known, bool from_logits, const char* activation) {
  const bool apart = known.defined() && is_tracked({y_pred}) && !is_tracked({known});
  const Tensor logits = apart ? Tensor() : known;
  if (logits.defined() && from_logits) {
    static std::atomic<int> given{0};
    warn_limited(given, 5, op,
                 "received from_logits = true, but y_pred was made by a {0} and so does not represent logits: the "
                 "logits that the {0} was taken of are used",
                 activation);
  }
  const Tensor& values = logits.defined() ? logits : y_pred;
  return {values.dtype() == float64 ? values : cast(values, float32), from_logits || logits.defined()};
}

}  // namespace

Prediction prediction_of(const char* op, const Tensor& y_pred, bool from_logits) {
  check_floating(op, y_pred);
  return traced(op, y_pred, logits_of(y_pred), from_logits, "softmax");
}

Categorical categorical_inputs(const char* op, const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                               double label_smoothing, int axis) {
  check_smoothing(op, label_smoothing);
  auto [values, is_logits] = prediction_of(op, y_pred, from_logits);
  if (values.rank() < 1) fail<ValueError>(op, "expected y_pred of shape [..., classes], received a scalar");
  if (y_true.shape() != values.shape()) {
    fail<ValueError>(op, "y_true and y_pred must have the same shape: {} and {}{}", y_true.shape(), values.shape(),
                     y_true.rank() < values.rank() || y_true.shape().back() == 1
                         ? " (sparse_categorical_crossentropy takes integer labels)"
                         : "");
  }
  Tensor labels = cast(y_true, values.dtype());
  if (normal_axis(op, axis, values.rank()) != values.rank() - 1) {
    labels = moveaxis(labels, axis, -1);
    values = moveaxis(values, axis, -1);
  }
  const std::int64_t classes = values.shape().back();
  if (classes == 1) {
    static std::atomic<int> given{0};
    warn_limited(given, 5, op,
                 "expected y_pred of shape (batch_size, num_classes) with num_classes > 1, received {}: with one class "
                 "the loss is always 0",
                 values.shape());
  }
  return {smoothed(labels, label_smoothing, static_cast<double>(classes)), values, is_logits};
}

Categorical binary_inputs(const char* op, const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                          double label_smoothing) {
  check_smoothing(op, label_smoothing);
  check_floating(op, y_pred);
  const Prediction known = traced(op, y_pred, sigmoid_logits_of(y_pred), from_logits, "sigmoid");
  const auto [labels, values] = paired(op, y_true, known.values);
  return {smoothed(labels, label_smoothing, 2), values, known.is_logits};
}

Tensor binary_crossentropy_of(const Categorical& inputs) {
  if (inputs.is_logits) return nn::sigmoid_cross_entropy_with_logits(inputs.labels, inputs.values);
  // y log p + (1 - y) log(1 - p) with one multiplication by the labels.
  const Tensor p = clipped(inputs.values), log_not = log(1 - p);
  return inputs.labels * (log_not - log(p)) - log_not;
}

void check_smoothing(const char* op, double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    fail<ValueError>(op, "expected label_smoothing in [0, 1], received {}", label_smoothing);
  }
}

Tensor clipped(const Tensor& probabilities) { return clip_by_value(probabilities, epsilon, 1 - epsilon); }

}  // namespace xtape::detail
