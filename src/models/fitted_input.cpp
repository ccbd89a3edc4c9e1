#include "models/fitted_input.hpp"

#include "base/check.hpp"
#include "layers/graph_node.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

Tensor fitted_input(const Tensor& input, const Shape& shape, DType dtype, std::size_t index, const std::string& model) {
  Tensor x = input.dtype() == dtype ? input : cast(input, dtype);
  const int rank = shape.rank();
  if (rank > 1 && x.rank() == rank - 1 && shape.back() == 1) x = expand_dims(x, -1);
  if (x.rank() == rank + 1 && x.shape().back() == 1) x = squeeze(x, -1);
  bool fits = x.rank() == rank;
  for (int axis = 0; fits && axis < rank; ++axis) fits = shape[axis] < 0 || shape[axis] == x.shape()[axis];
  if (!fits) {
    fail<ValueError>("Model", "input {} of model \"{}\" is incompatible with it: expected shape={}, found shape={}",
                     index, model, symbolic_shape(shape), input.shape());
  }
  const Tensor mask = get_mask(input);
  return mask.defined() && mask_fits(mask.shape(), x.shape()) ? masked(std::move(x), mask) : x;
}

}  // namespace xtape::detail
