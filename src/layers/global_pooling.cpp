#include "xtape/layers/global_pooling.hpp"

#include "base/check.hpp"
#include "layers/given_mask.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {

GlobalAveragePooling1D::GlobalAveragePooling1D(GlobalPoolingOptions options)
    : LayerBase(options), keepdims_(options.keepdims) {
  set_supports_masking(true);
}

Tensor GlobalAveragePooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  const Tensor mask = get_mask(inputs);
  if (!mask.defined()) return nn::global_average_pool(inputs, keepdims_);
  const Shape steps{inputs.shape()[0], inputs.shape()[1]};
  if (mask.shape() != steps) {
    detail::fail<ValueError>("GlobalAveragePooling1D",
                             "expected a mask of shape {} for an input of shape {}: received {}", steps, inputs.shape(),
                             mask.shape());
  }
  const Tensor kept = expand_dims(mask, -1);
  const Tensor x = detail::widened(inputs), count = reduce_sum(cast(kept, x.dtype()), 1, keepdims_);
  return cast(reduce_sum(where(kept, x, 0), 1, keepdims_) / maximum(count, 1), inputs.dtype());
}

TensorList GlobalAveragePooling1D::call_list(const TensorList& inputs) {
  return call(detail::with_given_mask(*this, inputs));
}

GlobalAveragePooling2D::GlobalAveragePooling2D(GlobalPoolingOptions options)
    : LayerBase(options), keepdims_(options.keepdims) {}

Tensor GlobalAveragePooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::global_average_pool(inputs, keepdims_);
}

GlobalMaxPooling1D::GlobalMaxPooling1D(GlobalPoolingOptions options)
    : LayerBase(options), keepdims_(options.keepdims) {}

Tensor GlobalMaxPooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return nn::global_max_pool(inputs, keepdims_);
}

GlobalMaxPooling2D::GlobalMaxPooling2D(GlobalPoolingOptions options)
    : LayerBase(options), keepdims_(options.keepdims) {}

Tensor GlobalMaxPooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::global_max_pool(inputs, keepdims_);
}

}  // namespace xtape::layers
