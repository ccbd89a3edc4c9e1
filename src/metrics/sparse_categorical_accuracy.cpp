#include "xtape/metrics/sparse_categorical_accuracy.hpp"

#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {
namespace {

Tensor hits_of(const char* op, const Tensor& y_true, const Tensor& y_pred) {
  const Shape shape = detail::label_shape(op, y_true.shape(), y_pred.shape());
  const Tensor labels = detail::convert(y_true, float64);
  const double* label = detail::host_read("Metric", labels).data<double>();
  return detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
    return n > 0 && static_cast<double>(detail::largest(row, n)) == label[r];
  });
}

}  // namespace

Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
  return detail::convert(hits_of("sparse_categorical_accuracy", y_true, y_pred), float32);
}

Tensor SparseCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return hits_of(name().c_str(), y_true, y_pred);
}

}  // namespace xtape::metrics
