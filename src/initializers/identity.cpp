#include "xtape/initializers/identity.hpp"

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::initializers {

Tensor Identity::operator()(const Shape& shape, DType dtype) const {
  if (shape.rank() != 2) {
    detail::fail<ValueError>("Identity",
                             "Identity matrix initializer can only be used for 2D matrices. Received: shape={} of "
                             "rank {}",
                             shape, shape.rank());
  }
  const Tensor identity = eye(shape[0], shape[1], dtype);
  return gain == 1 ? identity : identity * gain;
}

}  // namespace xtape::initializers
