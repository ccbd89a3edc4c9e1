#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// Uniform in [-limit, limit) with limit = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010): Keras's default for
/// kernels. It keeps the variance of activations and of gradients about constant from layer to layer.
///
/// For a matrix, fan_in = rows and fan_out = columns. For a convolution kernel [..., in, out] they are in and out times
/// the product of the leading sizes, for a vector both are its length, for a scalar 1. Throws what the random generator
/// throws for the dtype.
struct GlorotUniform {
  /// Unset: drawn from random::default_generator(). Set: every call gives the same numbers, whatever was drawn before.
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

}  // namespace xtape::initializers
