#include "xtape/losses/sparse_categorical_crossentropy.hpp"

#include <cmath>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::losses {
namespace {

constexpr const char* op = "sparse_categorical_crossentropy";

/// The labels as int64, of the given shape.
Tensor labels_of(const Tensor& y_true, const Shape& shape) {
  Tensor labels = detail::convert(y_true, int64);
  if (is_floating(y_true.dtype())) {
    const Tensor wide = detail::convert(y_true, float64);
    const double* values = detail::const_data<double>(wide);
    for (std::int64_t i = 0; i < wide.size(); ++i) {
      if (values[i] != std::trunc(values[i]) || !std::isfinite(values[i])) {
        detail::fail<ValueError>(op, "label {} at position {} is not an integer", values[i], i);
      }
    }
  }
  return labels.shape() == shape ? labels : detail::make_view(labels, shape);
}

}  // namespace

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                       const SparseCrossentropyOptions& options) {
  const auto [values, is_logits] = detail::prediction_of(op, y_pred, options.from_logits);
  const Tensor labels = labels_of(y_true, detail::label_shape(op, y_true.shape(), values.shape()));
  return nn::sparse_softmax_cross_entropy_with_logits(labels, is_logits ? values : log(detail::clipped(values)));
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(const SparseCategoricalCrossentropyOptions& options)
    : Loss(options.name, options.reduction), from_logits_(options.from_logits) {}

Tensor SparseCategoricalCrossentropy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return sparse_categorical_crossentropy(y_true, y_pred, {.from_logits = from_logits_});
}

}  // namespace xtape::losses
