#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Family: distributions that do not depend on the shape. Without a seed the numbers come from
// random::default_generator(); with one, every call gives the same. They throw what the random generator throws for
// their numbers and the dtype.
namespace xtape::initializers {

/// Normally distributed.
struct RandomNormal {
  double mean = 0;
  double stddev = 0.05;
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(mean, stddev, seed)
};

/// Uniformly distributed in [minval, maxval).
struct RandomUniform {
  double minval = -0.05;
  double maxval = 0.05;
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(minval, maxval, seed)
};

/// Normally distributed, truncated at two standard deviations (of the distribution before truncation).
struct TruncatedNormal {
  double mean = 0;
  double stddev = 0.05;
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(mean, stddev, seed)
};

/// Keras's other names: `initializers::random_normal()`.
using random_normal = RandomNormal;
using random_uniform = RandomUniform;
using truncated_normal = TruncatedNormal;

}  // namespace xtape::initializers
