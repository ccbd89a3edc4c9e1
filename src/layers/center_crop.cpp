#include "xtape/layers/center_crop.hpp"

#include "layers/resizing.hpp"

namespace xtape::layers {

CenterCrop::CenterCrop(std::int64_t height, std::int64_t width, std::string name)
    : LayerBase(std::move(name)), height_(height), width_(width) {
  describe({{"height", height}, {"width", width}});
  detail::check_image_size("CenterCrop", height, width);
}

void CenterCrop::build(const Shape& input_shape) { detail::check_image_rank("CenterCrop", input_shape); }

Tensor CenterCrop::call(const Tensor& inputs) {
  detail::check_image_rank("CenterCrop", inputs.shape());
  const Tensor x = detail::floating_image(inputs);
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  if (h < height_ || w < width_) return detail::smart_resize(x, height_, width_, "bilinear");
  return detail::image_window(x, (h - height_) / 2, (w - width_) / 2, height_, width_);
}

}  // namespace xtape::layers
