#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// (1 - p^q) / q, p being the probability that y_pred gives to the label: labels [...] or [..., 1], integers of any
/// dtype, and probabilities [..., classes] -> [...]. Wrong labels weigh less than in the crossentropy, which is the
/// limit for q
/// -> 0; q = 1 is the absolute error (Zhang, Sabuncu, 2018). Probabilities that a softmax made are traced back to its
/// logits, so that at p = 0 the gradient is its limit, 0. For other probabilities it is 0 below 10^-30.
///
/// Throws a ValueError when the shapes do not fit and unless 0 < q < 1, a TypeError for predictions that are not
/// floating, an IndexError for a label outside [0, classes).
Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q = 0.5);

/// Keyword arguments of CategoricalGeneralizedCrossEntropy.
struct CategoricalGeneralizedCrossEntropyOptions {
  double q = 0.5;  ///< in (0, 1)
  std::string reduction = "sum_over_batch_size";
  std::string name = "categorical_generalized_cross_entropy";

  XTAPE_FIELDS(q, reduction, name)
};

/// categorical_generalized_cross_entropy as an object.
class CategoricalGeneralizedCrossEntropy : public LossFunctionWrapper {
 public:
  explicit CategoricalGeneralizedCrossEntropy(const CategoricalGeneralizedCrossEntropyOptions& options = {});
};

}  // namespace xtape::losses
