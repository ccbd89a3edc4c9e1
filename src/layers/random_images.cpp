#include "xtape/layers/random_images.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace detail {

ImageAugmentation::ImageAugmentation(const char* class_name, std::string name, std::optional<std::uint64_t> seed,
                                     DTypePolicy dtype)
    : Layer(std::move(name), dtype), class_name_(class_name) {
  if (seed) generator_ = track(std::make_shared<random::Generator>(*seed));
}

void ImageAugmentation::check_rank(const Shape& shape) const {
  if (shape.rank() != 3 && shape.rank() != 4) {
    fail<ValueError>(class_name_,
                     "expected images [batch, height, width, channels] or [height, width, channels], received shape {}",
                     shape);
  }
}

void ImageAugmentation::build(const Shape& input_shape) { check_rank(input_shape); }

Tensor ImageAugmentation::call(const Tensor& inputs) {
  check_rank(inputs.shape());
  const Tensor x = is_floating(inputs.dtype()) ? inputs : cast(inputs, float32);
  if (!training() || x.size() == 0) return x;
  return x.rank() == 4 ? augment(x) : squeeze(augment(expand_dims(x, 0)), 0);
}

Tensor ImageAugmentation::draw(const layers::Factor& factor, std::int64_t batch) const {
  if (factor.lower == factor.upper) return full({batch}, factor.lower, float64);
  random::Generator& generator = generator_ ? *generator_ : random::default_generator();
  return generator.uniform({batch}, factor.lower, factor.upper, float64);
}

void ImageAugmentation::check_factor(const char* name, const layers::Factor& factor, double least,
                                     double greatest) const {
  if (!(least <= factor.lower && factor.lower <= factor.upper && factor.upper <= greatest)) {
    fail<ValueError>(class_name_, "expected {} <= lower <= upper <= {} for {}, received ({}, {})", least, greatest,
                     name, factor.lower, factor.upper);
  }
}

}  // namespace detail

namespace layers {

Factor Factor::from_config(const ConfigValue& value) {
  if (value.get<ConfigValue::Integers>() == nullptr && value.get<ConfigValue::Numbers>() == nullptr) {
    return xtape::detail::number_of(value);
  }
  const auto [lower, upper] = xtape::detail::value_as<std::array<double, 2>>(value);
  return {lower, upper};
}

namespace {

constexpr double any = std::numeric_limits<double>::max();

/// The transforms [batch, 8] with the columns a0, a1, a2, b0, b1, b2, each of shape [batch] or a number, and c0 = c1 =
/// 0.
Tensor transforms(std::int64_t batch, const std::array<Tensor, 6>& columns) {
  std::vector<Tensor> all;
  for (const Tensor& column : columns) all.push_back(broadcast_to(cast(column, float64), {batch}));
  for (int i = 0; i < 2; ++i) all.push_back(zeros({batch}, float64));
  return stack(all, 1);
}

template <class Options>
Tensor moved(const Tensor& images, const Tensor& transform, const Options& options) {
  return image::affine_transform(
      images, transform,
      {.interpolation = options.interpolation, .fill_mode = options.fill_mode, .fill_value = options.fill_value});
}

/// Checks the names of modes by a transform of an empty image.
template <class Options>
void check_names(const Options& options) {
  (void)moved(zeros({0, 1, 1, 1}), zeros({8}), options);
}

/// One number for each image, as [batch, 1, 1, 1] in the dtype of the images.
Tensor for_each_image(const Tensor& numbers, const Tensor& images) {
  return reshape(cast(numbers, images.dtype()), {images.shape()[0], 1, 1, 1});
}

void check_range(const char* layer, const std::array<double, 2>& range) {
  if (!(range[0] < range[1])) {
    detail::fail<ValueError>(layer, "expected value_range in ascending order, received ({}, {})", range[0], range[1]);
  }
}

}  // namespace

RandomFlip::RandomFlip(const std::string& mode, RandomFlipOptions options)
    : LayerBase("RandomFlip", options.name, options.seed, options.dtype),
      horizontal_(mode == "horizontal" || mode == "horizontal_and_vertical"),
      vertical_(mode == "vertical" || mode == "horizontal_and_vertical") {
  describe(options, {{"mode", mode}});
  if (!horizontal_ && !vertical_) {
    detail::fail<ValueError>(
        "RandomFlip", "expected mode to be one of horizontal, vertical, horizontal_and_vertical: received '{}'", mode);
  }
}

Tensor RandomFlip::augment(const Tensor& images) {
  Tensor x = images;
  for (const int axis : {2, 1}) {
    if (!(axis == 2 ? horizontal_ : vertical_)) continue;
    const Tensor chosen = reshape(draw({0, 1}, x.shape()[0]) < 0.5, {x.shape()[0], 1, 1, 1});
    x = where(chosen, reverse(x, {axis}), x);
  }
  return x;
}

RandomRotation::RandomRotation(Factor factor, RandomTransformOptions options)
    : LayerBase("RandomRotation", options.name, options.seed, options.dtype),
      factor_(factor),
      options_(std::move(options)) {
  describe(options_, {{"factor", factor}});
  check_factor("factor", factor_, -any, any);
  check_names(options_);
}

Tensor RandomRotation::augment(const Tensor& images) {
  const std::int64_t batch = images.shape()[0];
  const double bottom = static_cast<double>(images.shape()[1] - 1), right = static_cast<double>(images.shape()[2] - 1);
  const Tensor angle = draw(factor_, batch) * (2 * 3.14159265358979323846), c = cos(angle), s = sin(angle);
  return moved(
      images,
      transforms(batch, {c, -s, (right - (c * right - s * bottom)) / 2, s, c, (bottom - (s * right + c * bottom)) / 2}),
      options_);
}

RandomTranslation::RandomTranslation(Factor height_factor, Factor width_factor, RandomTransformOptions options)
    : LayerBase("RandomTranslation", options.name, options.seed, options.dtype),
      height_factor_(height_factor),
      width_factor_(width_factor),
      options_(std::move(options)) {
  describe(options_, {{"height_factor", height_factor}, {"width_factor", width_factor}});
  check_factor("height_factor", height_factor_, -1, 1);
  check_factor("width_factor", width_factor_, -1, 1);
  check_names(options_);
}

Tensor RandomTranslation::augment(const Tensor& images) {
  const std::int64_t batch = images.shape()[0];
  const Tensor down = draw(height_factor_, batch) * static_cast<double>(images.shape()[1]);
  const Tensor right = draw(width_factor_, batch) * static_cast<double>(images.shape()[2]);
  return moved(images, transforms(batch, {1, 0, -right, 0, 1, -down}), options_);
}

RandomZoom::RandomZoom(Factor height_factor, RandomZoomOptions options)
    : LayerBase("RandomZoom", options.name, options.seed, options.dtype),
      height_factor_(height_factor),
      options_(std::move(options)) {
  describe(options_, {{"height_factor", height_factor}});
  for (const Factor& factor : {height_factor, options_.width_factor.value_or(height_factor)}) {
    check_factor("the factor", factor, -1, any);
    if (factor.lower == -1)
      detail::fail<ValueError>("RandomZoom", "expected factors above -1, received {}", factor.lower);
  }
  check_names(options_);
}

Tensor RandomZoom::augment(const Tensor& images) {
  const std::int64_t batch = images.shape()[0];
  const double bottom = static_cast<double>(images.shape()[1] - 1), right = static_cast<double>(images.shape()[2] - 1);
  const Tensor height = draw(height_factor_, batch) + 1;
  const Tensor width = options_.width_factor ? draw(*options_.width_factor, batch) + 1 : height;
  return moved(images, transforms(batch, {width, 0, (1 - width) * (right / 2), 0, height, (1 - height) * (bottom / 2)}),
               options_);
}

RandomBrightness::RandomBrightness(Factor factor, RandomColorOptions options)
    : LayerBase("RandomBrightness", options.name, options.seed, options.dtype),
      factor_(factor),
      options_(std::move(options)) {
  describe(options_, {{"factor", factor}});
  check_factor("factor", factor_, -1, 1);
  check_range("RandomBrightness", options_.value_range);
}

Tensor RandomBrightness::augment(const Tensor& images) {
  const auto [low, high] = options_.value_range;
  const Tensor added = for_each_image(draw(factor_, images.shape()[0]) * (high - low), images);
  return clip_by_value(images + added, low, high);
}

RandomContrast::RandomContrast(Factor factor, RandomColorOptions options)
    : LayerBase("RandomContrast", options.name, options.seed, options.dtype),
      factor_(factor),
      options_(std::move(options)) {
  describe(options_, {{"factor", factor}});
  check_factor("factor", factor_, -1, 1);
  check_range("RandomContrast", options_.value_range);
}

Tensor RandomContrast::augment(const Tensor& images) {
  const auto [low, high] = options_.value_range;
  const Tensor mean = reduce_mean(images, {1, 2}, true);
  const Tensor contrast = for_each_image(draw(factor_, images.shape()[0]) + 1, images);
  return clip_by_value((images - mean) * contrast + mean, low, high);
}

}  // namespace layers
}  // namespace xtape
