#pragma once

#include <cstdint>

#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape::metrics {

/// 1 or 0 (float32) for each sample, [...]: see TopKCategoricalAccuracy and SparseTopKCategoricalAccuracy. No gradient.
Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, std::int64_t k = 5);
Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, std::int64_t k = 5,
                                         bool from_sorted_ids = false);

/// Keyword arguments of TopKCategoricalAccuracy.
struct TopKCategoricalAccuracyOptions {
  std::int64_t k = 5;
  std::string name = "top_k_categorical_accuracy";

  XTAPE_FIELDS(k, name)
};

/// How often fewer than k classes have a larger prediction than the label's: one-hot labels and predictions, both
/// [..., classes]. A label whose prediction is NaN does not count. Throws a ValueError where the shapes differ and for
/// k < 1.
class TopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  explicit TopKCategoricalAccuracy(const TopKCategoricalAccuracyOptions& options = {});
  XTAPE_FIRST_OPTIONS(TopKCategoricalAccuracy, TopKCategoricalAccuracyOptions, 1)

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;

 private:
  std::int64_t k_;
};

/// Keyword arguments of SparseTopKCategoricalAccuracy.
struct SparseTopKCategoricalAccuracyOptions {
  std::int64_t k = 5;
  std::string name = "sparse_top_k_categorical_accuracy";
  bool from_sorted_ids = false;  ///< y_pred are not predictions, but the classes from the most to the least likely one

  XTAPE_FIELDS(k, name, from_sorted_ids)
};

/// The same for integer labels [...] or [..., 1], of any dtype; a label outside [0, classes) never counts. Throws a
/// ValueError when the shapes do not fit and for k < 1.
class SparseTopKCategoricalAccuracy : public MeanMetricWrapper {
 public:
  explicit SparseTopKCategoricalAccuracy(const SparseTopKCategoricalAccuracyOptions& options = {});
  XTAPE_FIRST_OPTIONS(SparseTopKCategoricalAccuracy, SparseTopKCategoricalAccuracyOptions, 1)

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;

 private:
  std::int64_t k_;
  bool from_sorted_ids_;
};

}  // namespace xtape::metrics
