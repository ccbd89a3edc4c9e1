#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// A normal distribution of standard deviation sqrt(2 / fan_in), truncated at two standard deviations of the normal
/// distribution before truncation (He et al., 2015), for kernels before a relu. fan_in is as in GlorotUniform.
struct HeNormal {
  /// Unset: drawn from random::default_generator(). Set: every call gives the same numbers, whatever was drawn before.
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

}  // namespace xtape::initializers
