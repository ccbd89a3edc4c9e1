#include "xtape/layers/random_crop.hpp"

#include "layers/resizing.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

RandomCrop::RandomCrop(std::int64_t height, std::int64_t width, RandomCropOptions options)
    : LayerBase(options, {{"height", height}, {"width", width}}), height_(height), width_(width) {
  detail::check_image_size("RandomCrop", height, width);
  if (options.seed) generator_ = track(std::make_shared<random::Generator>(*options.seed));
}

void RandomCrop::build(const Shape& input_shape) { detail::check_image_rank("RandomCrop", input_shape); }

Tensor RandomCrop::call(const Tensor& inputs) {
  detail::check_image_rank("RandomCrop", inputs.shape());
  const Tensor x = detail::floating_image(inputs);
  const std::int64_t h = x.shape(-3), w = x.shape(-2);
  if (!training() || h < height_ || w < width_) return detail::smart_resize(x, height_, width_, "bilinear");
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
