#pragma once

#include <cstdint>
#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// gain times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al., 2014): for recurrent
/// kernels. All axes but the last together are the rows. It is the q of the QR decomposition of a normally distributed
/// matrix, with signs that make r's diagonal positive; so every such matrix is equally likely.
///
/// Throws a ValueError for a rank below 2, a TypeError for a dtype that is not floating.
struct Orthogonal {
  double gain = 1;
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(gain, seed)
};

/// Keras's other name: `initializers::orthogonal()`.
using orthogonal = Orthogonal;

}  // namespace xtape::initializers
