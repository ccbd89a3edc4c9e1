#include "xtape/initializers/constant.hpp"

#include "xtape/core/creation.hpp"

namespace xtape::initializers {

Tensor Constant::operator()(const Shape& shape, DType dtype) const { return full(shape, value_, dtype); }

}  // namespace xtape::initializers
