#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of BatchNormalization.
struct BatchNormalizationOptions {
  int axis = -1;  ///< of the channels
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;  ///< whether there is a beta
  bool scale = true;   ///< whether there is a gamma
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  Constraint beta_constraint = {};
  Constraint gamma_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
               moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint,
               dtype, name)
};

/// gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel (Ioffe, Szegedy, 2015;
/// keras.layers.BatchNormalization). In training, mean and variance are those of the batch over all other axes, and the
/// moving statistics follow them, in the call itself, not in the gradient's step:
///
///     moving = momentum moving + (1 - momentum) batch's       (the variance without correction)
///
/// Of an input with a mask (see get_mask; or as a second input: normalization({x, mask})), which has one axis less,
/// only the elements where it is true count in these statistics, as if the others were not there; without any, nothing
/// moves. Otherwise they are the moving ones, which are not trainable. A layer that is frozen (set_trainable(false))
/// runs as outside of training, as in Keras. A batch without elements changes nothing. Throws a ValueError for an axis
/// outside of the input, a momentum outside of [0, 1], a negative epsilon and for other channels than those of the
/// first call.
class BatchNormalization : public LayerBase<BatchNormalization> {
 public:
  explicit BatchNormalization(BatchNormalizationOptions options = {});

  const Variable& gamma() const& noexcept { return gamma_; }
  Variable gamma() const&& { return gamma_; }
  const Variable& beta() const& noexcept { return beta_; }
  Variable beta() const&& { return beta_; }
  const Variable& moving_mean() const& noexcept { return moving_mean_; }
  Variable moving_mean() const&& { return moving_mean_; }
  const Variable& moving_variance() const& noexcept { return moving_variance_; }
  Variable moving_variance() const&& { return moving_variance_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  /// Of channels on the last axis; the mask, of x's rank or empty, broadcasts.
  Tensor normalize(const Tensor& x, const Tensor& mask);
  BatchNormalizationOptions options_;
  Variable gamma_, beta_, moving_mean_, moving_variance_;
};

}  // namespace xtape::layers
