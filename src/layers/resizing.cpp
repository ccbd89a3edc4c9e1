#include "xtape/layers/resizing.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {
namespace {

using xtape::detail::fail;

void check_size(const char* layer, std::int64_t height, std::int64_t width) {
  if (height < 1 || width < 1) {
    fail<ValueError>(layer, "expected a positive size, received height={}, width={}", height, width);
  }
}

void check_rank(const char* layer, const Shape& shape) {
  if (shape.rank() != 3 && shape.rank() != 4) {
    fail<ValueError>(layer,
                     "expected images [batch, height, width, channels] or [height, width, channels], received shape {}",
                     shape);
  }
}

Tensor floating(const Tensor& x) { return is_floating(x.dtype()) ? x : cast(x, float32); }

Tensor window(const Tensor& x, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  return slice_axis(slice_axis(x, -3, top, height), -2, left, width);
}

/// Crops the largest central window with the ratio height / width, and resizes it to that size.
Tensor smart_resize(const Tensor& x, std::int64_t height, std::int64_t width, const std::string& interpolation) {
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  const std::int64_t crop_height = std::clamp<std::int64_t>(w * height / width, 1, std::max<std::int64_t>(h, 1));
  const std::int64_t crop_width = std::clamp<std::int64_t>(h * width / height, 1, std::max<std::int64_t>(w, 1));
  const Tensor cropped = window(x, (h - crop_height) / 2, (w - crop_width) / 2, crop_height, crop_width);
  return image::resize(cropped, {height, width}, interpolation);
}

}  // namespace

Resizing::Resizing(std::int64_t height, std::int64_t width, ResizingOptions options)
    : LayerBase(options, {{"height", height}, {"width", width}}),
      height_(height),
      width_(width),
      options_(std::move(options)) {
  check_size("Resizing", height, width);
  (void)image::resize(zeros({0, 1, 1, 1}), {1, 1}, options_.interpolation);  // checks the name
}

void Resizing::build(const Shape& input_shape) { check_rank("Resizing", input_shape); }

Tensor Resizing::call(const Tensor& inputs) {
  check_rank("Resizing", inputs.shape());
  const Tensor x = floating(inputs);
  return options_.crop_to_aspect_ratio ? smart_resize(x, height_, width_, options_.interpolation)
                                       : image::resize(x, {height_, width_}, options_.interpolation);
}

CenterCrop::CenterCrop(std::int64_t height, std::int64_t width, std::string name)
    : LayerBase(std::move(name)), height_(height), width_(width) {
  describe({{"height", height}, {"width", width}});
  check_size("CenterCrop", height, width);
}

void CenterCrop::build(const Shape& input_shape) { check_rank("CenterCrop", input_shape); }

Tensor CenterCrop::call(const Tensor& inputs) {
  check_rank("CenterCrop", inputs.shape());
  const Tensor x = floating(inputs);
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  if (h < height_ || w < width_) return smart_resize(x, height_, width_, "bilinear");
  return window(x, (h - height_) / 2, (w - width_) / 2, height_, width_);
}

RandomCrop::RandomCrop(std::int64_t height, std::int64_t width, RandomCropOptions options)
    : LayerBase(options, {{"height", height}, {"width", width}}), height_(height), width_(width) {
  check_size("RandomCrop", height, width);
  if (options.seed) generator_ = std::make_shared<random::Generator>(*options.seed);
}

void RandomCrop::build(const Shape& input_shape) { check_rank("RandomCrop", input_shape); }

Tensor RandomCrop::call(const Tensor& inputs) {
  check_rank("RandomCrop", inputs.shape());
  const Tensor x = floating(inputs);
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  if (!training() || h < height_ || w < width_) return smart_resize(x, height_, width_, "bilinear");
  random::Generator& generator = generator_ ? *generator_ : random::default_generator();
  // Drawn as tensors, so that every replay of a function() draws anew.
  const auto places = [&generator](std::int64_t size, std::int64_t within) {
    return generator.uniform(Shape{}, 0, static_cast<double>(within - size + 1), int64) +
           arange(std::int64_t{0}, size, std::int64_t{1}, int64);
  };
  const Tensor rows = places(height_, h), columns = places(width_, w);
  return gather(gather(x, rows, -3), columns, -2);
}

}  // namespace xtape::layers
