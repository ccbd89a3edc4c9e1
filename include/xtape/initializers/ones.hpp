#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// Every element 1.
struct Ones {
  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS()
};

}  // namespace xtape::initializers
