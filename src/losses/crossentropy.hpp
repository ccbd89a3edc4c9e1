#pragma once

#include "xtape/core/tensor.hpp"

// What the crossentropies have in common.
namespace xtape::detail {

/// Keras's epsilon.
inline constexpr double epsilon = 1e-7;

/// A prediction as the crossentropies use it.
struct Prediction {
  Tensor values;  ///< logits, or probabilities; float32 or float64
  bool is_logits;
};

/// The prediction, traced back to the logits if a softmax has made it. Throws a TypeError if it is not floating.
Prediction prediction_of(const char* op, const Tensor& y_pred, bool from_logits);

/// One-hot labels, or probabilities, and the prediction for them: of one shape [..., classes].
struct Categorical {
  Tensor labels, values;
  bool is_logits;
};
/// `axis` is the axis of the classes, which becomes the last one. Throws a ValueError where the shapes differ and for
/// a label_smoothing outside [0, 1], an IndexError for an axis outside the rank; warns of a single class.
Categorical categorical_inputs(const char* op, const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                               double label_smoothing, int axis);

/// Labels of 0 and 1 and the prediction for them, of one shape. Throws the same errors.
Categorical binary_inputs(const char* op, const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                          double label_smoothing);
/// The crossentropy of each element.
Tensor binary_crossentropy_of(const Categorical& inputs);

void check_smoothing(const char* op, double label_smoothing);

/// Probabilities between epsilon and 1 - epsilon.
Tensor clipped(const Tensor& probabilities);

}  // namespace xtape::detail
