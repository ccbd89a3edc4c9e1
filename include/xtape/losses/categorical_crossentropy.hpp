#pragma once

#include "xtape/losses/loss.hpp"

namespace xtape::losses {

/// Keyword arguments of the function categorical_crossentropy.
struct CrossentropyOptions {
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / classes
  int axis = -1;               ///< of the classes
};

/// -sum_j y_true_j log y_pred_j over an axis, the last one unless given: one-hot labels or probabilities [..., classes]
/// of any dtype and predictions [..., classes] -> [...].
///
/// Probabilities that nn::softmax has just made are traced back to their logits, which is exact and stable whatever
/// their size, as in Keras. Other probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7], as in Keras:
/// a clipped one gets no gradient. The result of bfloat16 predictions is float32.
///
/// Throws a ValueError when the shapes differ or label_smoothing is outside [0, 1], a TypeError for predictions that
/// are not floating, an IndexError for an axis outside the rank.
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options = {});

/// Keyword arguments of CategoricalCrossentropy.
struct CategoricalCrossentropyOptions {
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / classes
  int axis = -1;               ///< of the classes
  std::string reduction = "sum_over_batch_size";
  std::string name = "categorical_crossentropy";

  XTAPE_FIELDS(from_logits, label_smoothing, axis, reduction, name)
};

/// categorical_crossentropy as an object.
class CategoricalCrossentropy : public Loss {
 public:
  explicit CategoricalCrossentropy(const CategoricalCrossentropyOptions& options = {});
  XTAPE_FIRST_OPTIONS(CategoricalCrossentropy, CategoricalCrossentropyOptions, 1)

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;

 private:
  CrossentropyOptions options_;
};

}  // namespace xtape::losses
