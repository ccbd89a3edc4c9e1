#pragma once

#include <vector>

#include "xtape/losses/loss_function_wrapper.hpp"

// Crossentropies in which what is predicted well already counts less (Lin, Goyal, Girshick, He, Dollar, 2018). Errors
// as those of binary_crossentropy and categorical_crossentropy, and a ValueError for gamma < 0.
namespace xtape::losses {

/// Keyword arguments of the function binary_focal_crossentropy.
struct BinaryFocalCrossentropyArguments {
  bool apply_class_balancing = false;  ///< labels of 1 are weighted by alpha, of 0 by 1 - alpha
  double alpha = 0.25;
  double gamma = 2;            ///< 0: no focus
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / 2
  int axis = -1;               ///< of the mean
};

/// The mean along an axis of (1 - p)^gamma times the binary crossentropy, p = y_true y_pred + (1 - y_true) (1 - y_pred)
/// being the probability that the label gets.
Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                 const BinaryFocalCrossentropyArguments& options = {});

/// Keyword arguments of BinaryFocalCrossentropy.
struct BinaryFocalCrossentropyOptions {
  bool apply_class_balancing = false;  ///< labels of 1 are weighted by alpha, of 0 by 1 - alpha
  double alpha = 0.25;
  double gamma = 2;            ///< 0: no focus
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / 2
  int axis = -1;               ///< of the mean
  std::string reduction = "sum_over_batch_size";
  std::string name = "binary_focal_crossentropy";

  XTAPE_FIELDS(apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis, reduction, name)
};

/// binary_focal_crossentropy as an object.
class BinaryFocalCrossentropy : public LossFunctionWrapper {
 public:
  explicit BinaryFocalCrossentropy(const BinaryFocalCrossentropyOptions& options = {});
};

/// Keyword arguments of the function categorical_focal_crossentropy.
struct CategoricalFocalCrossentropyArguments {
  std::vector<double> alpha = {0.25};  ///< one weight for all classes, or one for each
  double gamma = 2;                    ///< 0: no focus
  bool from_logits = false;            ///< y_pred are logits, not probabilities
  double label_smoothing = 0;          ///< s in [0, 1]: labels become (1 - s) y_true + s / classes
  int axis = -1;                       ///< of the classes
};

/// -sum_j alpha_j (1 - y_pred_j)^gamma y_true_j log y_pred_j over an axis, the last one unless given: one-hot labels or
/// probabilities and predictions, both [..., classes] -> [...]. Probabilities that are not of a softmax are divided by
/// their sum and clipped to [1e-7, 1 - 1e-7].
Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                      const CategoricalFocalCrossentropyArguments& options = {});

/// Keyword arguments of CategoricalFocalCrossentropy.
struct CategoricalFocalCrossentropyOptions {
  std::vector<double> alpha = {0.25};  ///< one weight for all classes, or one for each
  double gamma = 2;                    ///< 0: no focus
  bool from_logits = false;            ///< y_pred are logits, not probabilities
  double label_smoothing = 0;          ///< s in [0, 1]: labels become (1 - s) y_true + s / classes
  int axis = -1;                       ///< of the classes
  std::string reduction = "sum_over_batch_size";
  std::string name = "categorical_focal_crossentropy";

  XTAPE_FIELDS(alpha, gamma, from_logits, label_smoothing, axis, reduction, name)
};

/// categorical_focal_crossentropy as an object.
class CategoricalFocalCrossentropy : public LossFunctionWrapper {
 public:
  explicit CategoricalFocalCrossentropy(const CategoricalFocalCrossentropyOptions& options = {});
};

}  // namespace xtape::losses
