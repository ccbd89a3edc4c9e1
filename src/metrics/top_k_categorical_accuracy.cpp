#include "xtape/metrics/top_k_categorical_accuracy.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {
namespace {

void check_k(const std::string& name, std::int64_t k) {
  if (k < 1) detail::fail<ValueError>(name.c_str(), "expected k >= 1, received {}", k);
}

/// Whether fewer than k elements of the row are larger than the one at `label`, NaN being larger than all: no sorting,
/// and equal elements share a place.
template <class T>
bool in_top_k(const T* row, std::int64_t n, std::int64_t label, std::int64_t k) {
  const T own = row[label];
  if (!(own == own)) return false;
  return std::count_if(row, row + n, [own](T v) { return !(v <= own); }) < k;
}

}  // namespace

TopKCategoricalAccuracy::TopKCategoricalAccuracy(const TopKCategoricalAccuracyOptions& options)
    : MeanMetricWrapper(options), k_(options.k) {
  check_k(name(), k_);
}

Tensor TopKCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  const Shape shape = detail::one_hot_shape(name().c_str(), y_true.shape(), y_pred.shape());
  Tensor hits;
  detail::visit_floating(y_true, [&](const auto* labels) {
    hits = detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
      return n > 0 && in_top_k(row, n, detail::largest(labels + r * n, n), k_);
    });
  });
  return hits;
}

SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(const SparseTopKCategoricalAccuracyOptions& options)
    : MeanMetricWrapper(options), k_(options.k), from_sorted_ids_(options.from_sorted_ids) {
  check_k(name(), k_);
}

Tensor SparseTopKCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  const Shape shape = detail::label_shape(name().c_str(), y_true.shape(), y_pred.shape());
  const Tensor labels = detail::convert(y_true, float64);
  const double* label = detail::host_read("Metric", labels).data<double>();
  return detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
    if (from_sorted_ids_) {
      const auto* end = row + std::min(k_, n);
      return std::find(row, end, label[r]) != end;
    }
    if (!(label[r] >= 0 && label[r] < static_cast<double>(n))) return false;
    const auto at = static_cast<std::int64_t>(label[r]);
    return static_cast<double>(at) == label[r] && in_top_k(row, n, at, k_);
  });
}

}  // namespace xtape::metrics
