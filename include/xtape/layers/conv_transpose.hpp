#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of Conv2DTranspose.
struct Conv2DTransposeOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  /// Added to the output size, to choose among the sizes whose convolution gives the input size; less than the strides.
  /// Unset: see below.
  std::optional<Size2d> output_padding = {};
  Size2d dilation_rate = 1;
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

  XTAPE_FIELDS(strides, padding, output_padding, dilation_rate, activation, use_bias, kernel_initializer,
               bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
               bias_constraint, dtype, name)
};

/// activation(y + bias), where y is the transpose (the gradient) of the convolution with the kernel; it maps small
/// images to large ones: [batch, height, width, channels] -> [batch, height', width', filters], with kernel
/// [kernel_size, filters, channels] and bias [filters] (keras.layers.Conv2DTranspose). For a window that spans k =
/// (kernel_size - 1) dilation_rate + 1,
///
///     height' = height stride                            for `same`
///     height' = height stride + max(k - stride, 0)       for `valid`
///     height' = (height - 1) stride + k - 2 (same ? k / 2 : 0) + output_padding     where output_padding is given
///
/// Throws a ValueError as Conv2D does, and for an output_padding that is not below the strides.
class Conv2DTranspose : public LayerBase<Conv2DTranspose> {
 public:
  Conv2DTranspose(std::int64_t filters, Size2d kernel_size, Conv2DTransposeOptions options = {});

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
  Conv2DTransposeOptions options_;
  Variable kernel_, bias_;
};
/// Keras's other name.
using Convolution2DTranspose = Conv2DTranspose;

/// Keyword arguments of Conv1DTranspose.
struct Conv1DTransposeOptions {
  std::int64_t strides = 1;
  Padding padding = Padding::valid;
  /// Added to the output size, to choose among the sizes whose convolution gives the input size; less than the strides.
  /// Unset: see below.
  std::optional<std::int64_t> output_padding = {};
  std::int64_t dilation_rate = 1;
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

  XTAPE_FIELDS(strides, padding, output_padding, dilation_rate, activation, use_bias, kernel_initializer,
               bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
               bias_constraint, dtype, name)
};

/// The same for sequences: [batch, steps, channels] -> [batch, steps', filters], with kernel [kernel_size, filters,
/// channels] (keras.layers.Conv1DTranspose).
class Conv1DTranspose : public LayerBase<Conv1DTranspose> {
 public:
  Conv1DTranspose(std::int64_t filters, std::int64_t kernel_size, Conv1DTransposeOptions options = {});

  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t filters_, kernel_size_;
  Conv1DTransposeOptions options_;
  Variable kernel_, bias_;
};
/// Keras's other name.
using Convolution1DTranspose = Conv1DTranspose;

}  // namespace xtape::layers
