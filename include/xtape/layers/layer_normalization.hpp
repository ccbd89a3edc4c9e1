#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {

/// Keyword arguments of LayerNormalization.
struct LayerNormalizationOptions {
  Axes axis = -1;  ///< one or several, such as {1, 2}
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

  XTAPE_FIELDS(axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
               beta_constraint, gamma_constraint, dtype, name)
};

/// gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance of each sample over the axes, and
/// gamma and beta of their shape (Ba, Kiros, Hinton, 2016; keras.layers.LayerNormalization). Throws a ValueError for an
/// axis outside the input, a negative epsilon and for other sizes than those of the first call.
class LayerNormalization : public LayerBase<LayerNormalization> {
 public:
  explicit LayerNormalization(LayerNormalizationOptions options = {});

  const Variable& gamma() const& noexcept { return gamma_; }
  Variable gamma() const&& { return gamma_; }
  const Variable& beta() const& noexcept { return beta_; }
  Variable beta() const&& { return beta_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  LayerNormalizationOptions options_;
  std::vector<int> axes_;  ///< counted from 0, ascending
  Shape sizes_;
  Variable gamma_, beta_;
};

}  // namespace xtape::layers
