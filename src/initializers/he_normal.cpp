#include "xtape/initializers/he_normal.hpp"

#include <algorithm>
#include <cmath>

#include "initializers/variance_scaling.hpp"

namespace xtape::initializers {

Tensor HeNormal::operator()(const Shape& shape, DType dtype) const {
  return detail::normal_weights(shape, std::sqrt(2 / std::max(1.0, detail::fans_of(shape).in)), dtype, seed);
}

}  // namespace xtape::initializers
