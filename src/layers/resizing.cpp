#include "xtape/layers/resizing.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "layers/resizing.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace detail {

void check_image_size(const char* layer, std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1) {
    fail<ValueError>(layer, "expected a positive size, received height={}, width={}", height, width);
  }
}

void check_image_rank(const char* layer, const Shape& shape) {
  if (shape.rank() != 3 && shape.rank() != 4) {
    fail<ValueError>(layer,
                     "expected images [batch, height, width, channels] or [height, width, channels], received shape {}",
                     shape);
  }
}

Tensor floating_image(const Tensor& x) { return is_floating(x.dtype()) ? x : cast(x, float32); }

Tensor image_window(const Tensor& x, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  return slice_axis(slice_axis(x, -3, top, height), -2, left, width);
}

Tensor smart_resize(const Tensor& x, std::int64_t height, std::int64_t width, const std::string& interpolation) {
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  const std::int64_t crop_height = std::clamp<std::int64_t>(w * height / width, 1, std::max<std::int64_t>(h, 1));
  const std::int64_t crop_width = std::clamp<std::int64_t>(h * width / height, 1, std::max<std::int64_t>(w, 1));
  const Tensor cropped = image_window(x, (h - crop_height) / 2, (w - crop_width) / 2, crop_height, crop_width);
  return image::resize(cropped, {height, width}, interpolation);
}

}  // namespace detail

namespace layers {

Resizing::Resizing(std::int64_t height, std::int64_t width, ResizingOptions options)
    : LayerBase(options, {{"height", height}, {"width", width}}),
      height_(height),
      width_(width),
      options_(std::move(options)) {
  detail::check_image_size("Resizing", height, width);
  (void)image::resize(zeros({0, 1, 1, 1}), {1, 1}, options_.interpolation);  // checks the name
}

void Resizing::build(const Shape& input_shape) { detail::check_image_rank("Resizing", input_shape); }

Tensor Resizing::call(const Tensor& inputs) {
  detail::check_image_rank("Resizing", inputs.shape());
  const Tensor x = detail::floating_image(inputs);
  return options_.crop_to_aspect_ratio ? detail::smart_resize(x, height_, width_, options_.interpolation)
                                       : image::resize(x, {height_, width_}, options_.interpolation);
}

}  // namespace layers
}  // namespace xtape
