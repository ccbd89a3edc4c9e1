#include "xtape/losses/categorical_crossentropy.hpp"

#include "core/check.hpp"
#include "core/warn.hpp"
#include "losses/crossentropy.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "categorical_crossentropy";

void check_smoothing(double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    detail::fail<ValueError>(op, "expected label_smoothing in [0, 1], received {}", label_smoothing);
  }
}

}  // namespace

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options) {
  check_smoothing(options.label_smoothing);
  const auto [values, is_logits] = detail::prediction_of(op, y_pred, options.from_logits);
  if (values.rank() < 1) detail::fail<ValueError>(op, "expected y_pred of shape [..., classes], received a scalar");
  if (y_true.shape() != values.shape()) {
    detail::fail<ValueError>(op, "y_true and y_pred must have the same shape: {} and {}{}", y_true.shape(),
                             values.shape(),
                             y_true.rank() < values.rank() || y_true.shape().back() == 1
                                 ? " (sparse_categorical_crossentropy takes integer labels)"
                                 : "");
  }
  const std::int64_t classes = values.shape().back();
  if (classes == 1) {
    static std::atomic<int> given{0};
    detail::warn_limited(given, 5, op,
                         "expected y_pred of shape (batch_size, num_classes) with num_classes > 1, received {}: with "
                         "one class the loss is always 0",
                         values.shape());
  }
  Tensor labels = cast(y_true, values.dtype());
  if (options.label_smoothing > 0) {
    labels = labels * (1 - options.label_smoothing) + options.label_smoothing / static_cast<double>(classes);
  }
  if (is_logits) return nn::softmax_cross_entropy_with_logits(labels, values);
  return -reduce_sum(labels * log(detail::clipped(values / reduce_sum(values, -1, true))), -1);
}

CategoricalCrossentropy::CategoricalCrossentropy(const CategoricalCrossentropyOptions& options)
    : Loss(options.name, options.reduction), options_{options.from_logits, options.label_smoothing} {
  check_smoothing(options.label_smoothing);
}

Tensor CategoricalCrossentropy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return categorical_crossentropy(y_true, y_pred, options_);
}

}  // namespace xtape::losses
