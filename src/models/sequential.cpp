#include "xtape/models/sequential.hpp"

#include "core/check.hpp"

namespace xtape {

Tensor Sequential::call(const Tensor& inputs) {
  Tensor x = inputs;
  for (const auto& layer : layers_) x = (*layer)(x);
  return x;
}

void Sequential::append(std::unique_ptr<Layer> layer) {
  adopt(*layer);
  layers_.push_back(std::move(layer));
}

Layer& Sequential::layer(std::size_t index) const {
  if (index >= layers_.size()) {
    detail::fail<IndexError>("Sequential.layer", "expected an index below {}, received {}", layers_.size(), index);
  }
  return *layers_[index];
}

}  // namespace xtape
