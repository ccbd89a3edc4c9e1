#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// Keyword arguments of FBetaScore.
struct FBetaScoreOptions {
  std::string average = "none";          ///< of the classes: "none", "micro", "macro" or "weighted"
  double beta = 1;                       ///< how much more recall counts than precision
  std::optional<double> threshold = {};  ///< in (0, 1]: predictions above are 1; without one, each row's largest is
  std::string name = "fbeta_score";

  XTAPE_FIELDS(average, beta, threshold, name)
};

/// (1 + beta^2) precision recall / (beta^2 precision + recall) for each class, of labels and predictions [batch,
/// classes]. Over the classes, "micro" takes the score of the sums of their counts, "macro" the mean of their
/// scores, "weighted" the mean weighted by the number of their labels. Denominators have 1e-7 added, as in Keras.
///
/// Throws a ValueError for other shapes, and for another number of classes than in the first update.
class FBetaScore : public PredictionMetric {
 public:
  /// Throws a ValueError for an unknown average, beta <= 0 and a threshold outside (0, 1].
  explicit FBetaScore(const FBetaScoreOptions& options = {});

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override;
  /// The scores of the classes, a float64 tensor [classes].
  Tensor results() const;
  /// The average; the mean for "none". 0 before the first update.
  double result() const override;

 private:
  enum class Average { none, micro, macro, weighted };
  struct Counts {
    double true_positives = 0, false_positives = 0, false_negatives = 0, labels = 0;
  };
  double score(const Counts& counts) const;
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

  Average average_;
  double beta_;
  std::optional<double> threshold_;
  std::vector<Counts> counts_;
};

/// Keyword arguments of F1Score.
struct F1ScoreOptions {
  std::string average = "none";          ///< of the classes: "none", "micro", "macro" or "weighted"
  std::optional<double> threshold = {};  ///< in (0, 1]: predictions above are 1; without one, each row's largest is
  std::string name = "f1_score";

  XTAPE_FIELDS(average, threshold, name)
};

/// FBetaScore with beta = 1: the harmonic mean of precision and recall.
class F1Score : public FBetaScore {
 public:
  explicit F1Score(const F1ScoreOptions& options = {});
};

}  // namespace xtape::metrics
