#include "xtape/layers/pooling1d.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

MaxPooling1D::MaxPooling1D(std::int64_t pool_size, Pooling1DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_positive("MaxPooling1D", "pool_size", pool_size);
  detail::check_positive("MaxPooling1D", "strides", options_.strides.value_or(pool_size));
}

Tensor MaxPooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return nn::max_pool1d(inputs, pool_size_, {.strides = options_.strides, .padding = options_.padding});
}

AveragePooling1D::AveragePooling1D(std::int64_t pool_size, Pooling1DOptions options)
    : LayerBase(options, {{"pool_size", pool_size}}), pool_size_(pool_size), options_(std::move(options)) {
  detail::check_positive("AveragePooling1D", "pool_size", pool_size);
  detail::check_positive("AveragePooling1D", "strides", options_.strides.value_or(pool_size));
}

Tensor AveragePooling1D::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 3);
  return nn::avg_pool1d(inputs, pool_size_, {.strides = options_.strides, .padding = options_.padding});
}

}  // namespace xtape::layers
