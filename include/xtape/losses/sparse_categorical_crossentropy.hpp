#pragma once

#include <cstdint>
#include <optional>

#include "xtape/losses/loss.hpp"

namespace xtape::losses {

/// Keyword arguments of the function sparse_categorical_crossentropy.
struct SparseCrossentropyOptions {
  bool from_logits = false;                       ///< y_pred are logits, not probabilities
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples have loss 0, such as -1 or 255
};

/// -log of the probability that y_pred gives to the label: labels [...] or [..., 1] and predictions [..., classes] ->
/// [...]. Labels are integers of any dtype, or floating numbers with integral values.
///
/// Probabilities that nn::softmax has just made are traced back to their logits, which is exact and stable whatever
/// their size, as in Keras. Other probabilities are clipped to [1e-7, 1 - 1e-7] and divided by their sum, as in Keras
/// on TensorFlow: a clipped one gets no gradient. The result of bfloat16 predictions is float32.
///
/// Throws a ValueError when the shapes do not fit or a label is not integral, a TypeError for predictions that are not
/// floating, an IndexError for a label outside [0, classes).
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                       const SparseCrossentropyOptions& options = {});

/// Keyword arguments of SparseCategoricalCrossentropy.
struct SparseCategoricalCrossentropyOptions {
  bool from_logits = false;                       ///< y_pred are logits, not probabilities
  std::optional<std::int64_t> ignore_class = {};  ///< a label whose samples have loss 0, such as -1 or 255
  std::string reduction = "sum_over_batch_size";
  std::string name = "sparse_categorical_crossentropy";

  XTAPE_FIELDS(from_logits, ignore_class, reduction, name)
};

/// sparse_categorical_crossentropy as an object. Samples of the ignored class do not count: the mean is that of the
/// others.
class SparseCategoricalCrossentropy : public Loss {
 public:
  explicit SparseCategoricalCrossentropy(const SparseCategoricalCrossentropyOptions& options = {});
  XTAPE_FIRST_OPTIONS(SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions, 1)

 protected:
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override;
  Tensor mask(const Tensor& y_true, const Tensor& y_pred) const override;

 private:
  SparseCrossentropyOptions options_;
};

}  // namespace xtape::losses
