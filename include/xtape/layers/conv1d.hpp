#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// The padding of a Conv1D: one of Padding, or `causal`, which pads only before the input, so that no output depends on
/// a later input. Also made from strings; others are a ValueError.
class Conv1DPadding {
 public:
  enum Kind { valid, same, causal };
  Conv1DPadding(Kind kind) : kind_(kind) {}
  Conv1DPadding(Padding padding) : kind_(padding == Padding::same ? same : valid) {}
  Conv1DPadding(const char* name);
  Conv1DPadding(const std::string& name) : Conv1DPadding(name.c_str()) {}
  operator Kind() const noexcept { return kind_; }
  ConfigValue config() const { return kind_ == causal ? "causal" : kind_ == same ? "same" : "valid"; }
  static Conv1DPadding from_config(const ConfigValue& value);

 private:
  Kind kind_;
};

/// Keyword arguments of Conv1D.
struct Conv1DOptions {
  std::int64_t strides = 1;
  Conv1DPadding padding = Conv1DPadding::valid;
  std::int64_t dilation_rate = 1;
  std::int64_t groups = 1;
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

  XTAPE_FIELDS(strides, padding, dilation_rate, groups, activation, use_bias, kernel_initializer, bias_initializer,
               kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, dtype,
               name)
};

/// activation(conv1d(x, kernel) + bias): [batch, steps, channels] -> [batch, steps', filters], with kernel
/// [kernel_size, channels / groups, filters] and bias [filters] (keras.layers.Conv1D). Throws a ValueError as Conv2D
/// does.
class Conv1D : public LayerBase<Conv1D> {
 public:
  Conv1D(std::int64_t filters, std::int64_t kernel_size, Conv1DOptions options = {});

  std::int64_t filters() const noexcept { return filters_; }
  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t filters_, kernel_size_;
  Conv1DOptions options_;
  Variable kernel_, bias_;
};
/// Keras's other name.
using Convolution1D = Conv1D;

}  // namespace xtape::layers
