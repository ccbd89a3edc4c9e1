#include "xtape/layers/reshape.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

Reshape::Reshape(Shape target_shape, ReshapeOptions options)
    : LayerBase(options, {{"target_shape", target_shape}}), target_shape_(std::move(target_shape)) {
  if (std::count(target_shape_.begin(), target_shape_.end(), -1) > 1 ||
      std::any_of(target_shape_.begin(), target_shape_.end(), [](std::int64_t size) { return size < -1; })) {
    detail::fail<ValueError>("Reshape", "expected sizes of 0 or more, one of which may be -1, received {}",
                             target_shape_);
  }
  std::vector<std::int64_t> sizes{-1};
  sizes.insert(sizes.end(), target_shape_.begin(), target_shape_.end());
  output_ = Shape(sizes);
}

Tensor Reshape::call(const Tensor& inputs) {
  detail::expect_min_ndim(*this, inputs.shape(), 1);
  // Computed for one sample, since an empty batch does not determine -1.
  std::int64_t size = 1, rest = 1;
  for (int axis = 1; axis < inputs.rank(); ++axis) size *= inputs.shape()[axis];
  for (const std::int64_t target : target_shape_) rest *= target == -1 ? 1 : target;
  const bool open = std::count(target_shape_.begin(), target_shape_.end(), -1) == 1;
  if (open ? rest == 0 || size % rest != 0 : size != rest) {
    detail::fail<ValueError>("Reshape",
                             "The total size of the tensor must be unchanged. Received: input_shape={}, "
                             "target_shape={}",
                             detail::join({inputs.shape()}), target_shape_);
  }
  Shape shape = output_;
  shape[0] = inputs.shape()[0];
  for (int axis = 1; axis < shape.rank(); ++axis) {
    if (shape[axis] == -1) shape[axis] = size / rest;
  }
  return reshape(inputs, shape);
}

}  // namespace xtape::layers
