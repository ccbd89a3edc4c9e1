#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// What a prediction is to the crossentropies.
struct Prediction {
  Tensor values;  ///< logits, or probabilities; float32 or float64
  bool is_logits;
};

/// Traces probabilities back to the logits of the softmax that made them. Throws a TypeError for what is not
/// floating.
Prediction prediction_of(const char* op, const Tensor& y_pred, bool from_logits);

/// Probabilities between 1e-7 and 1 - 1e-7 (Keras's epsilon).
Tensor clipped(const Tensor& probabilities);

}  // namespace xtape::detail
