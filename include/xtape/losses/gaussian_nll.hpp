#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// Keyword arguments of the function gaussian_nll.
struct GaussianNLLArguments {
  bool full = false;  ///< adds log(2 pi) / 2
  double eps = 1e-6;  ///< the smallest variance
};

/// The mean over the last axis of (log v + (y_true - m)^2 / v) / 2, the negative log of a normal distribution's density
/// (Nix, Weigend, 1994; PyTorch's gaussian_nll_loss): y_true [..., n] and y_pred [..., 2 n] -> [...], where the first
/// half of y_pred are the means m, the second the variances v. A variance below eps counts as eps, and its gradient is
/// that at eps. Throws a ValueError for other shapes and unless eps > 0.
Tensor gaussian_nll(const Tensor& y_true, const Tensor& y_pred, const GaussianNLLArguments& options = {});

/// Keyword arguments of GaussianNLL.
struct GaussianNLLOptions {
  bool full = false;  ///< adds log(2 pi) / 2
  double eps = 1e-6;  ///< the smallest variance
  std::string reduction = "sum_over_batch_size";
  std::string name = "gaussian_nll";

  XTAPE_FIELDS(full, eps, reduction, name)
};

/// gaussian_nll as an object.
class GaussianNLL : public LossFunctionWrapper {
 public:
  explicit GaussianNLL(const GaussianNLLOptions& options = {});
};

}  // namespace xtape::losses
