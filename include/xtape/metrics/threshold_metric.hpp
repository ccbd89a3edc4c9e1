#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// The base of metrics that count right and wrong predictions at thresholds. y_true and y_pred have the same shape;
/// [batch] and [batch, 1] count as the same; labels other than 0 are positive. However many thresholds there are, an
/// update looks at each prediction once.
///
/// Throws a ValueError for other shapes that differ, for weights that do not fit the predictions ([batch], [batch, 1],
/// ..., as for Mean), for fewer than top_k predictions along the last axis and for a class_id outside it.
class ThresholdMetric : public PredictionMetric {
 public:
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override;

  const std::vector<double>& thresholds() const& noexcept { return thresholds_; }
  std::vector<double> thresholds() const&& { return thresholds_; }

 protected:
  /// Sums of weights of positive and negative labels, of those whose prediction is above a threshold and of the others.
  struct Counts {
    double true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
  };

  struct Settings {
    std::vector<double> thresholds;
    std::optional<std::int64_t> top_k = {};     ///< only the k largest of the last axis may be above a threshold
    std::optional<std::int64_t> class_id = {};  ///< only this place of the last axis counts
    bool clip = false;                          ///< predictions are clipped to [0, 1]
    bool per_label = false;                     ///< counts for each place of the last axis of [batch, labels]
    std::vector<double> label_weights = {};     ///< factors of the weights, for each place of the last axis
  };

  ThresholdMetric(std::string name, Settings settings);

  /// How many labels have counts: 1 unless per_label; 0 before the first update.
  std::int64_t labels() const noexcept { return labels_; }
  /// Sets labels(), with per_label.
  void set_labels(std::int64_t labels);
  /// The counts at each threshold.
  std::vector<Counts> counts(std::int64_t label = 0) const;

 private:
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

  template <class T>
  void add(const T* predictions, const bool* positive, const double* weights, std::int64_t rows, std::int64_t n,
           const std::vector<T>& sorted);
  void check(const Shape& shape) const;

  std::vector<double> thresholds_;
  Settings settings_;
  std::vector<double> sorted_;         ///< the thresholds in ascending order
  std::vector<float> sorted_float32_;  ///< the same, as float32 predictions are compared
  std::vector<std::size_t> places_;    ///< the place of each of sorted_ in thresholds_
  std::int64_t labels_ = 0;
  /// The weights of positive (negative) labels whose prediction is above the first j of the sorted thresholds: [labels,
  /// thresholds + 1].
  std::vector<double> positives_, negatives_;
};

/// The base of metrics that have a value for each threshold.
class ThresholdValueMetric : public ThresholdMetric {
 public:
  /// The values, a float64 tensor [thresholds].
  Tensor results() const;
  /// The value; the mean of results() where there are several thresholds.
  double result() const override;

 protected:
  using ThresholdMetric::ThresholdMetric;
  virtual double value(const Counts& counts) const = 0;
};

}  // namespace xtape::metrics
