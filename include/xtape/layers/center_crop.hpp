#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// The central window of this size; for smaller images, the largest central window of this aspect ratio, resized
/// (keras.layers.CenterCrop). Throws what Resizing throws.
class CenterCrop : public LayerBase<CenterCrop> {
 public:
  CenterCrop(std::int64_t height, std::int64_t width, std::string name = {});

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t height_, width_;
};

}  // namespace xtape::layers
