#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// gain times the identity matrix; a matrix that is not square is filled with zeros. Throws a ValueError for other
/// ranks than 2.
struct Identity {
  double gain = 1;

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(gain)
};

}  // namespace xtape::initializers
