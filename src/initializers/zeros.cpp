#include "xtape/initializers/zeros.hpp"

#include "xtape/core/creation.hpp"

namespace xtape::initializers {

Tensor Zeros::operator()(const Shape& shape, DType dtype) const { return zeros(shape, dtype); }

}  // namespace xtape::initializers
