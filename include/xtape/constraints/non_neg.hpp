#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::constraints {

/// max(w, 0) (keras.constraints.NonNeg)
struct NonNeg {
  Tensor operator()(const Tensor& w) const;
  XTAPE_FIELDS()
};

/// The same in the form of a function, as Keras has it.
inline NonNeg non_neg() { return {}; }

}  // namespace xtape::constraints
