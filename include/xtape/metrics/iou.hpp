#pragma once

#include "xtape/metrics/confusion_matrix.hpp"

// Intersection over union of a class: true positives / (true positives + false positives + false negatives). Means are
// taken over the classes that occur. Weights are not rounded to integers; Keras does that by default.
namespace xtape::metrics {

/// Keyword arguments of IoU.
struct IoUOptions {
  std::int64_t num_classes;
  std::vector<std::int64_t> target_class_ids;     ///< the classes of the mean
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples do not count
  bool sparse_y_true = true;                      ///< labels are integers, not [..., classes]
  bool sparse_y_pred = true;                      ///< predictions are integers, not [..., classes]
  std::string name = "io_u";

  XTAPE_FIELDS(num_classes, target_class_ids, ignore_class, sparse_y_true, sparse_y_pred, name)
};

/// The mean over some classes. Shapes and errors as those of ConfusionMatrix; a ValueError for target classes outside
/// [0, num_classes), or none.
class IoU : public ConfusionMatrix {
 public:
  explicit IoU(const IoUOptions& options);

  /// The intersection over union of each of the num_classes classes, 0 for those that do not occur: float64.
  Tensor results() const;
  double result() const override;

 private:
  /// The samples whose label or prediction is the class.
  double either(std::int64_t c) const;
  bool occurs(std::int64_t c) const { return either(c) > 1e-9; }

  std::vector<std::int64_t> target_class_ids_;
};

/// Keyword arguments of MeanIoU.
struct MeanIoUOptions {
  std::int64_t num_classes;
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples do not count
  bool sparse_y_true = true;                      ///< labels are integers, not [..., classes]
  bool sparse_y_pred = true;                      ///< predictions are integers, not [..., classes]
  std::string name = "mean_io_u";

  XTAPE_FIELDS(num_classes, ignore_class, sparse_y_true, sparse_y_pred, name)
};

/// The mean over all classes.
class MeanIoU : public IoU {
 public:
  explicit MeanIoU(const MeanIoUOptions& options);
};

/// Keyword arguments of OneHotIoU.
struct OneHotIoUOptions {
  std::int64_t num_classes;
  std::vector<std::int64_t> target_class_ids;     ///< the classes of the mean
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples do not count
  bool sparse_y_pred = false;                     ///< predictions are integers, not [..., classes]
  std::string name = "one_hot_io_u";

  XTAPE_FIELDS(num_classes, target_class_ids, ignore_class, sparse_y_pred, name)
};

/// The mean over some classes, of one-hot labels.
class OneHotIoU : public IoU {
 public:
  explicit OneHotIoU(const OneHotIoUOptions& options);
};

/// Keyword arguments of OneHotMeanIoU.
struct OneHotMeanIoUOptions {
  std::int64_t num_classes;
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples do not count
  bool sparse_y_pred = false;                     ///< predictions are integers, not [..., classes]
  std::string name = "one_hot_mean_io_u";

  XTAPE_FIELDS(num_classes, ignore_class, sparse_y_pred, name)
};

/// The mean over all classes, of one-hot labels.
class OneHotMeanIoU : public MeanIoU {
 public:
  explicit OneHotMeanIoU(const OneHotMeanIoUOptions& options);
};

/// Keyword arguments of BinaryIoU.
struct BinaryIoUOptions {
  std::vector<std::int64_t> target_class_ids = {0, 1};  ///< the classes of the mean
  double threshold = 0.5;                               ///< predictions of at least this are class 1, others class 0
  std::string name = "binary_io_u";

  XTAPE_FIELDS(target_class_ids, threshold, name)
};

/// The mean over the classes 0 and 1, or one of them, of predictions that are numbers.
class BinaryIoU : public IoU {
 public:
  explicit BinaryIoU(const BinaryIoUOptions& options = {});
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) override;

 private:
  double threshold_;
};

}  // namespace xtape::metrics
