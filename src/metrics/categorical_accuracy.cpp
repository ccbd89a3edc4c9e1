#include "xtape/metrics/categorical_accuracy.hpp"

#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {
namespace {

Tensor hits_of(const char* op, const Tensor& y_true, const Tensor& y_pred) {
  const Shape shape = detail::one_hot_shape(op, y_true.shape(), y_pred.shape());
  Tensor hits;
  detail::visit_floating(y_true, [&](const auto* labels) {
    hits = detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
      return n > 0 && detail::largest(row, n) == detail::largest(labels + r * n, n);
    });
  });
  return hits;
}

}  // namespace

Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
  return detail::convert(hits_of("categorical_accuracy", y_true, y_pred), float32);
}

Tensor CategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return hits_of(name().c_str(), y_true, y_pred);
}

}  // namespace xtape::metrics
