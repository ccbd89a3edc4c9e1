#include "xtape/layers/global_pooling.hpp"

#include "layers/input_checks.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

Tensor GlobalAveragePooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return nn::global_average_pool(inputs, keepdims_);
}

Tensor GlobalAveragePooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::global_average_pool(inputs, keepdims_);
}

Tensor GlobalMaxPooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return nn::global_max_pool(inputs, keepdims_);
}

Tensor GlobalMaxPooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::global_max_pool(inputs, keepdims_);
}

}  // namespace xtape::layers
