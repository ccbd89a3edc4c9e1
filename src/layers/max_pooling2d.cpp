#include "xtape/layers/max_pooling2d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

MaxPooling2D::MaxPooling2D(Size2d pool_size, MaxPooling2DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_positive("MaxPooling2D", "pool_size", pool_size);
  detail::check_positive("MaxPooling2D", "strides", options_.strides.value_or(pool_size));
}

Tensor MaxPooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::max_pool2d(inputs, pool_size_, {.strides = options_.strides, .padding = options_.padding});
}

}  // namespace xtape::layers
