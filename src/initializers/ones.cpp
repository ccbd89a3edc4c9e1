#include "xtape/initializers/ones.hpp"

#include "xtape/core/creation.hpp"

namespace xtape::initializers {

Tensor Ones::operator()(const Shape& shape, DType dtype) const { return ones(shape, dtype); }

}  // namespace xtape::initializers
