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
/// keras.layers.BatchNormalization). In training, mean and variance are those of the batch over all other axes. The
/// call itself then updates the moving statistics, with the biased variance of the batch:
///
///     moving <- momentum moving + (1 - momentum) batch
///
/// Outside training, mean and variance are the moving statistics, which are not trainable. A frozen layer
/// (set_trainable(false)) always behaves as outside training, as in Keras.
/// An input may have a mask (see get_mask) with one axis less, or as a second input: normalization({x, mask}). Then
/// only the elements where it is true count in the statistics of the batch. Without any such element, or for an empty
/// batch, the moving statistics do not change.
/// Throws a ValueError for an axis outside the input, a momentum outside [0, 1], a negative epsilon and for other
/// channels than those of the first call.
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
  /// For channels on the last axis. The mask is empty, or has x's rank and broadcasts.
  Tensor normalize(const Tensor& x, const Tensor& mask);
  BatchNormalizationOptions options_;
  Variable gamma_, beta_, moving_mean_, moving_variance_;
};

}  // namespace xtape::layers
