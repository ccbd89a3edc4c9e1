#include "xtape/constraints/non_neg.hpp"

#include "xtape/ops/math.hpp"

namespace xtape::constraints {

Tensor NonNeg::operator()(const Tensor& w) const { return maximum(w, 0); }

}  // namespace xtape::constraints
