#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/math.hpp"

// The options of weights that many layers share, in the form that add_weight takes.
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
WeightOptions pointwise_options(const Options& options) {
  return {.initializer = options.pointwise_initializer,
          .regularizer = options.pointwise_regularizer,
          .constraint = options.pointwise_constraint};
}

template <class Options>
WeightOptions bias_options(const Options& options) {
  return {.initializer = options.bias_initializer,
          .regularizer = options.bias_regularizer,
          .constraint = options.bias_constraint};
}

/// For normalisations, which do not use their weights in bfloat16.
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

}  // namespace xtape::detail
