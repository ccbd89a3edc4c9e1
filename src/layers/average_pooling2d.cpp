#include "xtape/layers/average_pooling2d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

AveragePooling2D::AveragePooling2D(Size2d pool_size, AveragePooling2DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_positive("AveragePooling2D", "pool_size", pool_size);
  detail::check_positive("AveragePooling2D", "strides", options_.strides.value_or(pool_size));
}

Tensor AveragePooling2D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 4);
  return nn::avg_pool2d(inputs, pool_size_, {.strides = options_.strides, .padding = options_.padding});
}

}  // namespace xtape::layers
