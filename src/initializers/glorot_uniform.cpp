#include "xtape/initializers/glorot_uniform.hpp"

#include <algorithm>
#include <cmath>

#include "initializers/variance_scaling.hpp"

namespace xtape::initializers {

Tensor GlorotUniform::operator()(const Shape& shape, DType dtype) const {
  const auto [in, out] = detail::fans_of(shape);
  return detail::uniform_weights(shape, std::sqrt(3 / std::max(1.0, (in + out) / 2)), dtype, seed);
}

}  // namespace xtape::initializers
