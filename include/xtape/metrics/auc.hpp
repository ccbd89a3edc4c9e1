#pragma once

#include "xtape/metrics/threshold_metric.hpp"

namespace xtape::metrics {

/// Keyword arguments of AUC.
struct AUCOptions {
  std::int64_t num_thresholds = 200;               ///< evenly spaced in [0, 1]
  std::string curve = "ROC";                       ///< "ROC", "PR" or "PRGAIN"
  std::string summation_method = "interpolation";  ///< "interpolation", "minoring" or "majoring"
  std::string name = "auc";
  std::vector<double> thresholds = {};          ///< instead of num_thresholds; 0 and 1 are added
  bool multi_label = false;                     ///< the mean of the areas of the labels of [batch, labels]
  std::optional<std::int64_t> num_labels = {};  ///< with multi_label; by default as many as in the first update
  std::vector<double> label_weights = {};       ///< of the labels: in the mean with multi_label, else in the counts
  bool from_logits = false;                     ///< y_pred are logits, not probabilities

  XTAPE_FIELDS(num_thresholds, curve, summation_method, name, thresholds, multi_label, num_labels, label_weights,
               from_logits)
};

/// The area under a curve of the predictions' quality over thresholds: for "ROC" the true positives' rate over the
/// false positives' rate, for "PR" precision over recall, for "PRGAIN" their gains (Flach, Kull, 2015). The sum over
/// the intervals between thresholds takes the mean of the two heights ("interpolation"; for "PR", true positives are
/// interpolated: Davis, Goadrich, 2006), the lower or the higher one. keras.metrics.AUC; labels, weights and errors as
/// for ThresholdMetric.
class AUC : public ThresholdMetric {
 public:
  /// Throws a ValueError for fewer than 2 thresholds, thresholds outside [0, 1], and unknown names of curves and
  /// methods.
  explicit AUC(const AUCOptions& options = {});
  XTAPE_FIRST_OPTIONS(AUC, AUCOptions, 1)

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  double result() const override;

 private:
  enum class Curve { roc, pr, pr_gain };
  enum class Summation { interpolation, minoring, majoring };
  double area(const std::vector<Counts>& counts) const;

  Curve curve_;
  Summation summation_;
  bool from_logits_;
  std::vector<double> label_weights_;
};

}  // namespace xtape::metrics
