#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Resizing.
struct ResizingOptions {
  std::string interpolation = "bilinear";  ///< or "nearest"
  bool crop_to_aspect_ratio = false;       ///< first crop the centre to the aspect ratio of the new size
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(interpolation, crop_to_aspect_ratio, dtype, name)
};

/// Resizes images [batch, height, width, channels] or [height, width, channels], see image::resize
/// (keras.layers.Resizing). Integer images become float32. Throws a ValueError for sizes < 1 and images of other ranks.
class Resizing : public LayerBase<Resizing> {
 public:
  Resizing(std::int64_t height, std::int64_t width, ResizingOptions options = {});

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t height_, width_;
  ResizingOptions options_;
};

}  // namespace xtape::layers
