#pragma once

#include <utility>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/reduce.hpp"

// Normalisation of floating tensors. Axes are as in reduce.hpp. An empty scale (gamma) means 1, an empty offset (beta)
// 0.
namespace xtape {
namespace nn {

/// x / max(|x|, sqrt(epsilon)) with the 2-norm over all the given axes together (tf.math.l2_normalize). The gradient at
/// 0 is finite.
Tensor l2_normalize(const Tensor& x, const Axes& axes = {}, double epsilon = 1e-12);

/// The mean and the variance over the axes (tf.nn.moments).
std::pair<Tensor, Tensor> moments(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

/// Keyword arguments of layer_norm, with Keras's values.
struct LayerNormOptions {
  Axes axes = -1;
  double epsilon = 1e-3;

  XTAPE_FIELDS(axes, epsilon)
};
/// (x - mean) / sqrt(variance + epsilon) gamma + beta, with the mean and variance of each sample over the axes (Ba,
/// Kiros, Hinton, 2016; keras.layers.LayerNormalization). gamma and beta have the shape of these axes. Throws a
/// ValueError for other shapes, a TypeError for dtypes that differ.
Tensor layer_norm(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {},
                  const LayerNormOptions& options = {});

/// (x - mean) / sqrt(variance + epsilon) scale + offset, with broadcasting (tf.nn.batch_normalization): for inference,
/// with given moments.
Tensor batch_norm(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& offset,
                  const Tensor& scale, double epsilon = 1e-3);
/// What batch_norm_training() returns.
struct BatchNorm {
  Tensor y;
  Tensor mean;      ///< of the batch, one for each channel
  Tensor variance;  ///< of the batch, one for each channel, without correction
};
/// The same in training: with the mean and the variance of each channel, the last axis, over all other axes (Ioffe,
/// Szegedy, 2015; tf.nn.fused_batch_norm). scale and offset have one element for each channel. Gradients flow through
/// all three results. Throws a ValueError for other shapes, a TypeError for dtypes that differ.
BatchNorm batch_norm_training(const Tensor& x, const Tensor& scale = {}, const Tensor& offset = {},
                              double epsilon = 1e-3);

}  // namespace nn
}  // namespace xtape
