#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

// Losses of the margin between right and wrong predictions. Shapes, dtypes and errors as those of mean_squared_error.
namespace xtape::losses {

/// mean(max(1 - y_true y_pred, 0)) over the last axis; labels are -1 and 1. Where all labels are 0 or 1, zeros count as
/// -1, as in Keras.
Tensor hinge(const Tensor& y_true, const Tensor& y_pred);
/// mean(max(1 - y_true y_pred, 0)^2) over the last axis; labels as those of hinge.
Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred);
/// max(neg - pos + 1, 0) with pos = sum(y_true y_pred) and neg = max((1 - y_true) y_pred) over the last axis; labels
/// are 0 and 1.
Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred);

/// Keyword arguments of Hinge.
struct HingeOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "hinge";

  XTAPE_FIELDS(reduction, name)
};

/// hinge as an object.
class Hinge : public LossFunctionWrapper {
 public:
  explicit Hinge(const HingeOptions& options = {});
};

/// Keyword arguments of SquaredHinge.
struct SquaredHingeOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "squared_hinge";

  XTAPE_FIELDS(reduction, name)
};

/// squared_hinge as an object.
class SquaredHinge : public LossFunctionWrapper {
 public:
  explicit SquaredHinge(const SquaredHingeOptions& options = {});
};

/// Keyword arguments of CategoricalHinge.
struct CategoricalHingeOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "categorical_hinge";

  XTAPE_FIELDS(reduction, name)
};

/// categorical_hinge as an object.
class CategoricalHinge : public LossFunctionWrapper {
 public:
  explicit CategoricalHinge(const CategoricalHingeOptions& options = {});
};

}  // namespace xtape::losses
