#include "xtape/metrics/sparse_categorical_accuracy.hpp"

#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {

Tensor SparseCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  const Shape shape = detail::label_shape(name().c_str(), y_true.shape(), y_pred.shape());
  const Tensor labels = detail::convert(y_true, float64);
  const double* label = detail::host_read("Metric", labels).data<double>();
  return detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
    return n > 0 && static_cast<double>(detail::largest(row, n)) == label[r];
  });
}

}  // namespace xtape::metrics
