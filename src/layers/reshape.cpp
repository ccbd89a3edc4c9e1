#include "xtape/layers/reshape.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.hpp"
#include "layers/convolution.hpp"
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

Permute::Permute(const std::vector<int>& dims, PermuteOptions options)
    : LayerBase(options, {{"dims", dims}}), permutation_{0} {
  permutation_.insert(permutation_.end(), dims.begin(), dims.end());
  std::vector<int> sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i) + 1) {
      detail::fail<ValueError>("Permute",
                               "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` "
                               "must be consecutive and start from 1. Received dims=({})",
                               fmt::join(dims, ", "));
    }
  }
}

Tensor Permute::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), static_cast<int>(permutation_.size()));
  return transpose(inputs, permutation_);
}

RepeatVector::RepeatVector(std::int64_t n, RepeatVectorOptions options) : LayerBase(options, {{"n", n}}), n_(n) {
  detail::check_positive("RepeatVector", "n", n);
}

Tensor RepeatVector::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 2);
  return broadcast_to(expand_dims(inputs, 1), {inputs.shape()[0], n_, inputs.shape()[1]});
}

}  // namespace xtape::layers
