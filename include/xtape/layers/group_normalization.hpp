#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of GroupNormalization.
struct GroupNormalizationOptions {
  std::int64_t groups = 32;  ///< -1: as many as channels (instance normalization)
  int axis = -1;             ///< of the channels
  double epsilon = 1e-3;
  bool center = true;  ///< whether there is a beta
  bool scale = true;   ///< whether there is a gamma
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  Constraint beta_constraint = {};
  Constraint gamma_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(groups, axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
               gamma_regularizer, beta_constraint, gamma_constraint, dtype, name)
};

/// gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance of each sample and each group of
/// neighbouring channels over all other axes, and gamma and beta for each channel (Wu, He, 2018;
/// keras.layers.GroupNormalization). Throws a ValueError for a number of groups that does not divide the channels, for
/// an axis that is outside the input or the batch axis, for a negative epsilon, and for other channels than those of
/// the first call.
class GroupNormalization : public LayerBase<GroupNormalization> {
 public:
  explicit GroupNormalization(GroupNormalizationOptions options = {});

  const Variable& gamma() const& noexcept { return gamma_; }
  Variable gamma() const&& { return gamma_; }
  const Variable& beta() const& noexcept { return beta_; }
  Variable beta() const&& { return beta_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  GroupNormalizationOptions options_;
  std::int64_t channels_ = 0;
  Variable gamma_, beta_;
};

}  // namespace xtape::layers
