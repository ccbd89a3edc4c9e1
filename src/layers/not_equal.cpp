#include "xtape/layers/not_equal.hpp"

#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

Tensor NotEqual::call(const Tensor& inputs) { return inputs != cast(constant(value_), inputs.dtype()); }

}  // namespace xtape::layers
