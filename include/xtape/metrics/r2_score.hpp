#pragma once

#include <cstdint>
#include <vector>

#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// Keyword arguments of R2Score.
struct R2ScoreOptions {
  std::string class_aggregation = "uniform_average";  ///< or "variance_weighted_average", or "none"
  std::int64_t num_regressors = 0;  ///< independent regressors, for the adjusted score; 0: the plain one
  std::string name = "r2_score";

  XTAPE_FIELDS(class_aggregation, num_regressors, name)
};

/// The coefficient of determination, 1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2) for each output, of
/// y_true and y_pred [batch, outputs]; [batch] and [batch, 1] count as the same. 1 is the best, 0 what predicting
/// the mean gives. An output whose labels are all equal has 0; if its predictions are right too, NaN, as in Keras.
///
/// Throws a ValueError for other shapes, and for another number of outputs than in the first update.
class R2Score : public PredictionMetric {
 public:
  /// Throws a ValueError for an unknown class_aggregation and for num_regressors < 0.
  explicit R2Score(const R2ScoreOptions& options = {});

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override;
  /// The scores of the outputs, a float64 tensor [outputs].
  Tensor results() const;
  /// The scores' mean (also for "none"), or their mean weighted by the labels' variances. 0 before the first update.
  double result() const override;

 private:
  struct Sums {
    double mean = 0, variation = 0, residuals = 0, weights = 0;  ///< variation: the weighted sum of (label - mean)^2
    void add(double label, double prediction, double weight);
    double score() const;
  };
  double adjusted(double score) const;
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

  bool by_variance_;
  std::int64_t num_regressors_;
  std::vector<Sums> sums_;
  std::int64_t samples_ = 0;
};

}  // namespace xtape::metrics
