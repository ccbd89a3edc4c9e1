#include "xtape/metrics/top_k_categorical_accuracy.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {
namespace {

void check_k(const char* op, std::int64_t k) {
  if (k < 1) detail::fail<ValueError>(op, "expected k >= 1, received {}", k);
}

/// Whether fewer than k elements of the row are larger than the one at `label`, NaN being larger than all: no sorting,
/// and equal elements share a place.
template <class T>
bool in_top_k(const T* row, std::int64_t n, std::int64_t label, std::int64_t k) {
  const T own = row[label];
  if (!(own == own)) return false;
  return std::count_if(row, row + n, [own](T v) { return !(v <= own); }) < k;
}

Tensor hits_of(const char* op, const Tensor& y_true, const Tensor& y_pred, std::int64_t k) {
  const Shape shape = detail::one_hot_shape(op, y_true.shape(), y_pred.shape());
  Tensor hits;
  detail::visit_floating(y_true, [&](const auto* labels) {
    hits = detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
      return n > 0 && in_top_k(row, n, detail::largest(labels + r * n, n), k);
    });
  });
  return hits;
}

Tensor sparse_hits_of(const char* op, const Tensor& y_true, const Tensor& y_pred, std::int64_t k,
                      bool from_sorted_ids) {
  const Shape shape = detail::label_shape(op, y_true.shape(), y_pred.shape());
  const Tensor labels = detail::convert(y_true, float64);
  const double* label = detail::host_read("Metric", labels).data<double>();
  return detail::hits_of_rows(y_pred, shape, [&](const auto* row, std::int64_t n, std::int64_t r) {
    if (from_sorted_ids) {
      const auto* end = row + std::min(k, n);
      return std::find(row, end, label[r]) != end;
    }
    if (!(label[r] >= 0 && label[r] < static_cast<double>(n))) return false;
    const auto at = static_cast<std::int64_t>(label[r]);
    return static_cast<double>(at) == label[r] && in_top_k(row, n, at, k);
  });
}

}  // namespace

Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, std::int64_t k) {
  check_k("top_k_categorical_accuracy", k);
  return detail::convert(hits_of("top_k_categorical_accuracy", y_true, y_pred, k), float32);
}

Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, std::int64_t k,
                                         bool from_sorted_ids) {
  constexpr const char* op = "sparse_top_k_categorical_accuracy";
  check_k(op, k);
  return detail::convert(sparse_hits_of(op, y_true, y_pred, k, from_sorted_ids), float32);
}

TopKCategoricalAccuracy::TopKCategoricalAccuracy(const TopKCategoricalAccuracyOptions& options)
    : MeanMetricWrapper(options), k_(options.k) {
  check_k(name().c_str(), k_);
}

Tensor TopKCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return hits_of(name().c_str(), y_true, y_pred, k_);
}

SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(const SparseTopKCategoricalAccuracyOptions& options)
    : MeanMetricWrapper(options), k_(options.k), from_sorted_ids_(options.from_sorted_ids) {
  check_k(name().c_str(), k_);
}

Tensor SparseTopKCategoricalAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return sparse_hits_of(name().c_str(), y_true, y_pred, k_, from_sorted_ids_);
}

}  // namespace xtape::metrics
