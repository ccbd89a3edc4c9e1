#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// gain times the identity matrix, with zeros beyond where it is not square. Throws a ValueError for what is not a
/// matrix.
struct Identity {
  double gain = 1;

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(gain)
};

}  // namespace xtape::initializers
