#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape::constraints {

/// max(w, 0) (keras.constraints.NonNeg)
struct NonNeg {
  Tensor operator()(const Tensor& w) const;
};

}  // namespace xtape::constraints
