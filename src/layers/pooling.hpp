#pragma once

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"

// What the pooling layers with a window have in common.
namespace xtape::detail {

/// Throws a ValueError for a window or strides below 1.
template <class Size, class Options>
void check_pooling(const char* layer, const Size& pool_size, const Options& options) {
  check_positive(layer, "pool_size", pool_size);
  check_positive(layer, "strides", options.strides.value_or(pool_size));
}

/// op(inputs, pool_size, its options) of inputs with `rank` axes.
template <class OpOptions, class Size, class Options>
Tensor pooled(const Layer& layer, const Tensor& inputs, int rank, Tensor (*op)(const Tensor&, Size, const OpOptions&),
              const Size& pool_size, const Options& options) {
  expect_ndim(layer, inputs.shape(), rank);
  return op(inputs, pool_size, {.strides = options.strides, .padding = options.padding});
}

}  // namespace xtape::detail
