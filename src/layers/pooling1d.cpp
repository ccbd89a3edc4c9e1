#include "xtape/layers/pooling1d.hpp"

#include "layers/pooling.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

MaxPooling1D::MaxPooling1D(std::int64_t pool_size, Pooling1DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_pooling("MaxPooling1D", pool_size, options_);
}

Tensor MaxPooling1D::call(const Tensor& inputs) {
  return detail::pooled(*this, inputs, 3, nn::max_pool1d, pool_size_, options_);
}

AveragePooling1D::AveragePooling1D(std::int64_t pool_size, Pooling1DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_pooling("AveragePooling1D", pool_size, options_);
}

Tensor AveragePooling1D::call(const Tensor& inputs) {
  return detail::pooled(*this, inputs, 3, nn::avg_pool1d, pool_size_, options_);
}

}  // namespace xtape::layers
