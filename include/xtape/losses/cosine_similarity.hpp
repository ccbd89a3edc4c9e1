#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// -sum(y_true y_pred) / (|y_true| |y_pred|) along an axis: -1 for equal directions, 0 for orthogonal vectors and
/// where one is zero. Shapes, dtypes and errors as those of mean_squared_error; an IndexError for an axis outside the
/// rank.
Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int axis = -1);

/// Keyword arguments of CosineSimilarity.
struct CosineSimilarityOptions {
  int axis = -1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "cosine_similarity";

  XTAPE_FIELDS(axis, reduction, name)
};

/// cosine_similarity as an object.
class CosineSimilarity : public LossFunctionWrapper {
 public:
  explicit CosineSimilarity(const CosineSimilarityOptions& options = {});
};

}  // namespace xtape::losses
