#include "xtape/layers/max_pooling2d.hpp"

#include "core/check.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {

MaxPooling2D::MaxPooling2D(Size2d pool_size, MaxPooling2DOptions options)
    : LayerBase(options.name), pool_size_(pool_size), options_(std::move(options)) {
  const auto check = [](const char* what, Size2d size) {
    if (size.height < 1 || size.width < 1) {
      detail::fail<ValueError>("MaxPooling2D", "expected a positive {}, received ({}, {})", what, size.height,
                               size.width);
    }
  };
  check("pool_size", pool_size);
  check("strides", options_.strides.value_or(pool_size));
}

Tensor MaxPooling2D::call(const Tensor& inputs) {
  return nn::max_pool2d(inputs, pool_size_, {.strides = options_.strides, .padding = options_.padding});
}

}  // namespace xtape::layers
