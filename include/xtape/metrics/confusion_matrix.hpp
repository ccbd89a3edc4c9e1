#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "xtape/metrics/prediction_metric.hpp"

namespace xtape::metrics {

/// Keyword arguments of the function confusion_matrix.
struct ConfusionMatrixArguments {
  std::optional<std::int64_t> num_classes = {};  ///< 1 + the largest label or prediction unless given
  Tensor weights = {};                           ///< of the samples
  DType dtype = int32;                           ///< of the result
};

/// How often each label got each prediction: element (i, j) counts, or adds the weights of, the samples with label i
/// and prediction j (tf.math.confusion_matrix). Labels and predictions are integers of any dtype and the same shape.
/// Throws a ValueError for shapes that differ, an IndexError for a class outside [0, num_classes).
Tensor confusion_matrix(const Tensor& labels, const Tensor& predictions, const ConfusionMatrixArguments& options = {});

/// Keyword arguments of ConfusionMatrix.
struct ConfusionMatrixOptions {
  std::int64_t num_classes;                       ///< at least 1
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples do not count
  bool sparse_y_true = true;                      ///< labels are integers, not [..., classes]
  bool sparse_y_pred = true;                      ///< predictions are integers, not [..., classes]
  std::string name = "confusion_matrix";

  XTAPE_FIELDS(num_classes, ignore_class, sparse_y_true, sparse_y_pred, name)
};

/// The confusion matrix of all batches, in double. Samples whose label or prediction is outside [0, num_classes) do not
/// count, as in Keras's IoU. Labels and predictions that are not sparse stand for the place of their largest element
/// along the last axis. Throws a ValueError where there are not as many labels as predictions.
class ConfusionMatrix : public PredictionMetric {
 public:
  explicit ConfusionMatrix(const ConfusionMatrixOptions& options);

  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;
  void reset_state() override;
  /// [num_classes, num_classes], float64: rows are labels, columns predictions.
  Tensor matrix() const;
  /// The sum of the diagonal / the sum of all: the accuracy; 0 where nothing was counted.
  double result() const override;

 protected:
  std::int64_t num_classes() const noexcept { return num_classes_; }
  double count(std::int64_t label, std::int64_t prediction) const {
    return counts_[static_cast<std::size_t>(label * num_classes_ + prediction)];
  }

 private:
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

  std::int64_t num_classes_;
  std::optional<std::int64_t> ignore_class_;
  bool sparse_y_true_, sparse_y_pred_;
  std::vector<double> counts_;
};

}  // namespace xtape::metrics
