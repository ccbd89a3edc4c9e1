#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// Keyword arguments of the function binary_crossentropy.
struct BinaryCrossentropyArguments {
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / 2
  int axis = -1;               ///< of the mean
};

/// mean(-y_true log y_pred - (1 - y_true) log(1 - y_pred)) along an axis: labels of 0 and 1, or probabilities, and
/// predictions of the same shape. Exact and without overflow for logits of any size. Probabilities
/// that nn::sigmoid has just made are traced back to their logits, as in Keras; others are clipped to [1e-7, 1 - 1e-7]:
/// a clipped one gets no gradient. The result of bfloat16 predictions is float32.
///
/// A last axis of size 1 that y_true or y_pred lacks is added. Throws a ValueError for other shapes that differ, for
/// scalars and for a label_smoothing outside [0, 1], a TypeError for predictions that are not floating.
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const BinaryCrossentropyArguments& options = {});

/// Keyword arguments of BinaryCrossentropy.
struct BinaryCrossentropyOptions {
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / 2
  int axis = -1;               ///< of the mean
  std::string reduction = "sum_over_batch_size";
  std::string name = "binary_crossentropy";

  XTAPE_FIELDS(from_logits, label_smoothing, axis, reduction, name)
};

/// binary_crossentropy as an object.
class BinaryCrossentropy : public LossFunctionWrapper {
 public:
  explicit BinaryCrossentropy(const BinaryCrossentropyOptions& options = {});
  XTAPE_FIRST_OPTIONS(BinaryCrossentropy, BinaryCrossentropyOptions, 1)
};

}  // namespace xtape::losses
