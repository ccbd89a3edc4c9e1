#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"
#include "xtape/ops/reduce.hpp"

// Family: losses of segmentations, from sums over whole images. Labels and predictions have the same shape. The sums
// run over all axes unless some are given: {1, 2, 3} leaves one value per sample. What the mask of the predictions
// leaves out (see get_mask) is not summed.
namespace xtape::losses {

/// 1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred) + 1e-7)
Tensor dice(const Tensor& y_true, const Tensor& y_pred, const Axes& axis = {});

/// Keyword arguments of the function tversky.
struct TverskyArguments {
  double alpha = 0.5;  ///< weight of false positives
  double beta = 0.5;   ///< weight of false negatives
  Axes axis = {};      ///< of the sums
};

/// 1 - tp / (tp + alpha fp + beta fn + 1e-7) with tp = sum(y_true y_pred), fp = sum((1 - y_true) y_pred) and fn =
/// sum(y_true (1 - y_pred)) (Salehi, Erdogmus, Gholipour, 2017).
Tensor tversky(const Tensor& y_true, const Tensor& y_pred, const TverskyArguments& options = {});

/// Keyword arguments of Dice.
struct DiceOptions {
  Axes axis = {};  ///< of the sums
  std::string reduction = "sum_over_batch_size";
  std::string name = "dice";

  XTAPE_FIELDS(axis, reduction, name)
};

/// dice as an object.
class Dice : public LossFunctionWrapper {
 public:
  explicit Dice(const DiceOptions& options = {});

 protected:
  bool handles_mask() const override { return true; }
};

/// Keyword arguments of Tversky.
struct TverskyOptions {
  double alpha = 0.5;  ///< weight of false positives
  double beta = 0.5;   ///< weight of false negatives
  Axes axis = {};      ///< of the sums
  std::string reduction = "sum_over_batch_size";
  std::string name = "tversky";

  XTAPE_FIELDS(alpha, beta, axis, reduction, name)
};

/// tversky as an object.
class Tversky : public LossFunctionWrapper {
 public:
  explicit Tversky(const TverskyOptions& options = {});

 protected:
  bool handles_mask() const override { return true; }
};

}  // namespace xtape::losses
