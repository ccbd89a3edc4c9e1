#include "xtape/losses/sparse_categorical_crossentropy.hpp"

#include "core/launch.hpp"
#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "sparse_categorical_crossentropy";

/// The labels as int64, of the given shape.
Tensor labels_of(const Tensor& y_true, const Shape& shape) {
  const Tensor labels = detail::whole_numbers(op, "label", y_true);
  return labels.shape() == shape ? labels : detail::make_view(labels, shape);
}

/// Which labels are not of the ignored class.
Tensor not_ignored(const Tensor& labels, std::int64_t ignored) {
  Tensor valid = detail::make_tensor(labels.shape(), boolean);
  detail::launch(
      [ignored](detail::Read of_classes, detail::Write kept) {
        const auto* label = of_classes.data<std::int64_t>();
        bool* out = kept.data<bool>();
        for (std::int64_t i = 0; i < kept.size(); ++i) out[i] = label[i] != ignored;
      },
      labels, valid);
  return valid;
}

}  // namespace

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                       const SparseCrossentropyOptions& options) {
  auto [values, is_logits] = detail::prediction_of(op, y_pred, options.from_logits);
  Tensor labels = labels_of(y_true, detail::label_shape(op, y_true.shape(), values.shape())), valid;
  if (options.ignore_class) {
    // The ignored class may be outside the range of classes (-1): its labels become 0, its predictions 0, its losses 0.
    valid = not_ignored(labels, *options.ignore_class);
    labels = where(valid, labels, 0);
    values = where(expand_dims(valid, -1), values, 0);  // even a NaN of theirs does not count
  }
  const Tensor loss =
      nn::sparse_softmax_cross_entropy_with_logits(labels, is_logits ? values : log(detail::clipped(values)));
  return valid.defined() ? where(valid, loss, 0) : loss;
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(const SparseCategoricalCrossentropyOptions& options)
    : Loss(options), options_{options.from_logits, options.ignore_class} {}

Tensor SparseCategoricalCrossentropy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return sparse_categorical_crossentropy(y_true, y_pred, options_);
}

Tensor SparseCategoricalCrossentropy::mask(const Tensor& y_true, const Tensor& y_pred) const {
  if (!options_.ignore_class) return {};
  return not_ignored(labels_of(y_true, detail::label_shape(op, y_true.shape(), y_pred.shape())),
                     *options_.ignore_class);
}

}  // namespace xtape::losses
