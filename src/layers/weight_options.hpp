#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/math.hpp"

// The keyword arguments that many layers have in common, as add_weight takes them.
namespace xtape::detail {

template <class Options>
WeightOptions kernel_options(const Options& options) {
  return {.initializer = options.kernel_initializer,
          .regularizer = options.kernel_regularizer,
          .constraint = options.kernel_constraint};
}

template <class Options>
WeightOptions depthwise_options(const Options& options) {
  return {.initializer = options.depthwise_initializer,
          .regularizer = options.depthwise_regularizer,
          .constraint = options.depthwise_constraint};
}

template <class Options>
WeightOptions bias_options(const Options& options) {
  return {.initializer = options.bias_initializer,
          .regularizer = options.bias_regularizer,
          .constraint = options.bias_constraint};
}

/// Those of normalisations are used in float32 at least.
template <class Options>
WeightOptions gamma_options(const Options& options) {
  return {.initializer = options.gamma_initializer,
          .regularizer = options.gamma_regularizer,
          .constraint = options.gamma_constraint,
          .autocast = false};
}

template <class Options>
WeightOptions beta_options(const Options& options) {
  return {.initializer = options.beta_initializer,
          .regularizer = options.beta_regularizer,
          .constraint = options.beta_constraint,
          .autocast = false};
}

/// What a normalisation computes with: float32 in place of bfloat16.
inline Tensor widened(const Tensor& t) { return t.defined() && t.dtype() == bfloat16 ? cast(t, float32) : t; }

}  // namespace xtape::detail
