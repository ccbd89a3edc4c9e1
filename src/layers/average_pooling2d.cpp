#include "xtape/layers/average_pooling2d.hpp"

#include "layers/pooling.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

AveragePooling2D::AveragePooling2D(Size2d pool_size, AveragePooling2DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_pooling("AveragePooling2D", pool_size, options_);
}

Tensor AveragePooling2D::call(const Tensor& inputs) {
  return detail::pooled(*this, inputs, 4, nn::avg_pool2d, pool_size_, options_);
}

}  // namespace xtape::layers
