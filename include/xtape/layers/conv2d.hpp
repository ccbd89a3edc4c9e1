#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of Conv2D.
struct Conv2DOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilation_rate = 1;
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

/// activation(conv2d(x, kernel) + bias): [batch, height, width, channels] -> [batch, height', width', filters], with
/// kernel [kernel_size, channels / groups, filters] and bias [filters] (keras.layers.Conv2D). Throws a ValueError for
/// numbers below 1, for filters that are no multiple of the groups, and for an input of another rank or whose channels
/// are no multiple of the groups or not those of the first call. The channels are the last axis, as in all image
/// layers.
class Conv2D : public LayerBase<Conv2D> {
 public:
  Conv2D(std::int64_t filters, Size2d kernel_size, Conv2DOptions options = {});

  std::int64_t filters() const noexcept { return filters_; }
  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t filters_;
  Size2d kernel_size_;
  Conv2DOptions options_;
  Variable kernel_, bias_;
};
/// Keras's other name.
using Convolution2D = Conv2D;

}  // namespace xtape::layers
