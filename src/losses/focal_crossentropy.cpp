#include "xtape/losses/focal_crossentropy.hpp"

#include "base/check.hpp"
#include "losses/crossentropy.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {
namespace {

constexpr const char *binary = "binary_focal_crossentropy", *categorical = "categorical_focal_crossentropy";

void check_gamma(const char* op, double gamma) {
  if (!(gamma >= 0)) detail::fail<ValueError>(op, "expected gamma >= 0, received {}", gamma);
}

/// missed^gamma, missed = 1 - p being in [0, 1].
Tensor focus(const Tensor& missed, double gamma) {
  if (gamma == 1) return missed;
  if (gamma == 2) return square(missed);
  // The derivatives of a root are infinite at 0.
  return pow(gamma < 2 ? maximum(missed, 1e-30) : missed, gamma);
}

/// crossentropy * missed^gamma
Tensor focused(const Tensor& crossentropy, const Tensor& missed, double gamma, bool may_be_infinite) {
  if (gamma == 0) return crossentropy;
  const Tensor weight = focus(missed, gamma);
  if (!may_be_infinite) return crossentropy * weight;
  // Where the crossentropy is infinite, missed is as good as constant: its derivative is 0, and not 0 times infinity.
  const Tensor infinite = is_inf(crossentropy);
  return where(infinite, crossentropy * stop_gradient(weight), where(infinite, 0, crossentropy) * weight);
}

}  // namespace

Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                 const BinaryFocalCrossentropyArguments& options) {
  check_gamma(binary, options.gamma);
  const auto inputs = detail::binary_inputs(binary, y_true, y_pred, options.from_logits, options.label_smoothing);
  const Tensor &y = inputs.labels, &values = inputs.values;
  const Tensor p = inputs.is_logits ? sigmoid(values) : values;
  const Tensor not_p = inputs.is_logits ? sigmoid(-values) : 1 - values;
  Tensor loss =
      focused(detail::binary_crossentropy_of(inputs), y * not_p + (1 - y) * p, options.gamma, inputs.is_logits);
  if (options.apply_class_balancing) loss = loss * (y * (2 * options.alpha - 1) + (1 - options.alpha));
  return reduce_mean(loss, options.axis);
}

Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                      const CategoricalFocalCrossentropyArguments& options) {
  check_gamma(categorical, options.gamma);
  const auto [labels, values, is_logits] = detail::categorical_inputs(categorical, y_true, y_pred, options.from_logits,
                                                                      options.label_smoothing, options.axis);
  const auto weights = static_cast<std::int64_t>(options.alpha.size());
  if (weights != 1 && weights != values.shape().back()) {
    detail::fail<ValueError>(categorical, "expected one alpha, or one for each of {} classes, received {}",
                             values.shape().back(), weights);
  }
  Tensor log_p, missed;
  if (is_logits) {
    log_p = nn::log_softmax(values);
    missed = -expm1(log_p);
  } else {
    const Tensor p = detail::clipped(values / reduce_sum(values, -1, true));
    log_p = log(p);
    missed = 1 - p;
  }
  // A probability of 0 without a label costs nothing, and not 0 times infinity.
  const Tensor counted = is_logits ? where(logical_and(labels == 0, is_inf(log_p)), 0, log_p) : log_p;
  const Tensor loss = focused(labels * counted, missed, options.gamma, is_logits);
  if (weights == 1) return reduce_sum(loss, -1) * -options.alpha[0];
  return -reduce_sum(loss * cast(constant(options.alpha), values.dtype()), -1);
}

BinaryFocalCrossentropy::BinaryFocalCrossentropy(const BinaryFocalCrossentropyOptions& o)
    : LossFunctionWrapper([arguments = BinaryFocalCrossentropyArguments{o.apply_class_balancing, o.alpha, o.gamma,
                                                                        o.from_logits, o.label_smoothing, o.axis}](
                              const Tensor& y_true,
                              const Tensor& y_pred) { return binary_focal_crossentropy(y_true, y_pred, arguments); },
                          o) {
  check_gamma(binary, o.gamma);
  detail::check_smoothing(binary, o.label_smoothing);
}

CategoricalFocalCrossentropy::CategoricalFocalCrossentropy(const CategoricalFocalCrossentropyOptions& o)
    : LossFunctionWrapper(
          [arguments = CategoricalFocalCrossentropyArguments{o.alpha, o.gamma, o.from_logits, o.label_smoothing,
                                                             o.axis}](const Tensor& y_true, const Tensor& y_pred) {
            return categorical_focal_crossentropy(y_true, y_pred, arguments);
          },
          o) {
  check_gamma(categorical, o.gamma);
  detail::check_smoothing(categorical, o.label_smoothing);
}

}  // namespace xtape::losses
