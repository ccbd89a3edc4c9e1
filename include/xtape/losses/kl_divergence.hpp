#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// sum(y_true log(y_true / y_pred)) over the last axis, both clipped to [1e-7, 1] (Kullback, Leibler, 1951). Shapes,
/// dtypes and errors as those of mean_squared_error.
Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred);
/// Keras's other name.
inline Tensor kld(const Tensor& y_true, const Tensor& y_pred) { return kl_divergence(y_true, y_pred); }

/// Keyword arguments of KLDivergence.
struct KLDivergenceOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "kl_divergence";

  XTAPE_FIELDS(reduction, name)
};

/// kl_divergence as an object.
class KLDivergence : public LossFunctionWrapper {
 public:
  explicit KLDivergence(const KLDivergenceOptions& options = {});
};

}  // namespace xtape::losses
