#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// Uniform in [-limit, limit) with limit = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010): Keras's choice for
/// kernels, which keeps the variance of signals alike forward and backward.
///
/// A matrix has fan_in = rows and fan_out = columns; a convolution kernel [..., in, out] the same times the product of
/// its leading sizes; a vector its length; a scalar 1. Throws what the random generator throws for the dtype.
struct GlorotUniform {
  /// Unset: drawn from random::default_generator(). Set: every call gives the same numbers, whatever was drawn before.
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

}  // namespace xtape::initializers
