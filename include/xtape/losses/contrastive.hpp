#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// y_true d^2 + (1 - y_true) max(margin - d, 0)^2 of the distances d = y_pred of pairs of embeddings, y_true being 1
/// for pairs that belong together (Hadsell, Chopra, LeCun, 2006; TensorFlow Addons' contrastive_loss). One value for
/// each distance; shapes, dtypes and errors otherwise as those of mean_squared_error.
Tensor contrastive(const Tensor& y_true, const Tensor& y_pred, double margin = 1);

/// Keyword arguments of Contrastive.
struct ContrastiveOptions {
  double margin = 1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "contrastive";

  XTAPE_FIELDS(margin, reduction, name)
};

/// contrastive as an object.
class Contrastive : public LossFunctionWrapper {
 public:
  explicit Contrastive(const ContrastiveOptions& options = {});
  XTAPE_FIRST_OPTIONS(Contrastive, ContrastiveOptions, 1)
};

}  // namespace xtape::losses
