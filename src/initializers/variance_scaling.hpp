#pragma once

#include <cstdint>
#include <optional>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The number of inputs and of outputs that a kernel of this shape connects, as Keras counts them.
struct Fans {
  double in;
  double out;
};
Fans fans_of(const Shape& shape);

/// Uniform in [-limit, limit), from a generator of its own where there is a seed.
Tensor uniform_weights(const Shape& shape, double limit, DType dtype, std::optional<std::uint64_t> seed);

/// A truncated normal distribution whose standard deviation after the cut is `stddev`.
Tensor normal_weights(const Shape& shape, double stddev, DType dtype, std::optional<std::uint64_t> seed);

}  // namespace xtape::detail
