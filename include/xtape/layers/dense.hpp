#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"

namespace xtape::layers {

/// Keyword arguments of Dense.
struct DenseOptions {
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
               activity_regularizer, kernel_constraint, bias_constraint, dtype, name)
};

/// activation(x kernel + bias): [..., k] -> [..., units], with kernel [k, units] and bias [units] (keras.layers.Dense).
/// Throws a ValueError for units < 1 and for an input whose last axis is not the k of the first call.
class Dense : public LayerBase<Dense> {
 public:
  explicit Dense(std::int64_t units, DenseOptions options = {});
  /// The activation as the second argument, as in Keras: `Dense(64, "relu")`.
  template <std::convertible_to<ActivationFunction> A>
  Dense(std::int64_t units, A&& activation) : Dense(units, DenseOptions{.activation = std::forward<A>(activation)}) {}

  std::int64_t units() const noexcept { return units_; }
  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t units_;
  DenseOptions options_;
  Variable kernel_, bias_;
};

}  // namespace xtape::layers
