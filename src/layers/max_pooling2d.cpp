#include "xtape/layers/max_pooling2d.hpp"

#include "layers/pooling.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

MaxPooling2D::MaxPooling2D(Size2d pool_size, MaxPooling2DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_pooling("MaxPooling2D", pool_size, options_);
}

Tensor MaxPooling2D::call(const Tensor& inputs) {
  return detail::pooled(*this, inputs, 4, nn::max_pool2d, pool_size_, options_);
}

}  // namespace xtape::layers
