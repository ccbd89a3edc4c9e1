#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

// Family: Keras's image augmentation layers. In training they change each image at random, outside training they return
// it unchanged. Images are [batch, height, width, channels] or [height, width, channels] (a ValueError otherwise);
// integer images become float32. Gradients flow to the images. "f in the factor" below means a number drawn uniformly
// from it.
namespace xtape {
namespace layers {

/// The interval from which a layer draws: `0.2` for [-0.2, 0.2], or `{-0.3, 0.1}`.
struct Factor {
  double lower, upper;
  Factor(double both) : lower(-both), upper(both) {}
  Factor(double lower_, double upper_) : lower(lower_), upper(upper_) {}
  ConfigValue config() const { return std::array{lower, upper}; }
  static Factor from_config(const ConfigValue& value);
};

}  // namespace layers

namespace detail {

/// Their common base.
class ImageAugmentation : public Layer {
 protected:
  ImageAugmentation(const char* class_name, std::string name, std::optional<std::uint64_t> seed, DTypePolicy dtype);

  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;
  /// Changes a batch of floating images; called in training only.
  virtual Tensor augment(const Tensor& images) = 0;

  /// `batch` numbers drawn from the factor, float64.
  Tensor draw(const layers::Factor& factor, std::int64_t batch) const;
  /// Throws a ValueError unless least <= lower <= upper <= greatest.
  void check_factor(const char* name, const layers::Factor& factor, double least, double greatest) const;

 private:
  void check_rank(const Shape& shape) const;

  const char* class_name_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace detail

namespace layers {

/// Keyword arguments of RandomFlip.
struct RandomFlipOptions {
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(seed, dtype, name)
};

/// Mirrors each image with probability 1/2 (keras.layers.RandomFlip): "horizontal" left to right, "vertical" top to
/// bottom, or "horizontal_and_vertical", which draws for each direction. Throws a ValueError for another mode.
class RandomFlip : public LayerBase<RandomFlip, detail::ImageAugmentation> {
 public:
  explicit RandomFlip(const std::string& mode = "horizontal_and_vertical", RandomFlipOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  bool horizontal_, vertical_;
};

/// Keyword arguments of RandomRotation and RandomTranslation; see image::affine_transform.
struct RandomTransformOptions {
  std::string fill_mode = "reflect";
  std::string interpolation = "bilinear";
  std::optional<std::uint64_t> seed = {};
  double fill_value = 0;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(fill_mode, interpolation, seed, fill_value, dtype, name)
};

/// Rotates each image about its centre by f full turns, f in the factor; counterclockwise if positive
/// (keras.layers.RandomRotation). Throws a ValueError for lower > upper.
class RandomRotation : public LayerBase<RandomRotation, detail::ImageAugmentation> {
 public:
  explicit RandomRotation(Factor factor, RandomTransformOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  Factor factor_;
  RandomTransformOptions options_;
};

/// Moves each image by f times its height (positive: down) and g times its width (positive: right), f and g in the
/// factors (keras.layers.RandomTranslation). Throws a ValueError for factors outside [-1, 1].
class RandomTranslation : public LayerBase<RandomTranslation, detail::ImageAugmentation> {
 public:
  RandomTranslation(Factor height_factor, Factor width_factor, RandomTransformOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  Factor height_factor_, width_factor_;
  RandomTransformOptions options_;
};

/// Keyword arguments of RandomZoom.
struct RandomZoomOptions {
  std::optional<Factor> width_factor = {};  ///< unset: the same f for height and width
  std::string fill_mode = "reflect";
  std::string interpolation = "bilinear";
  std::optional<std::uint64_t> seed = {};
  double fill_value = 0;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(width_factor, fill_mode, interpolation, seed, fill_value, dtype, name)
};

/// Shrinks (f > 0) or enlarges (f < 0) the contents of each image by 1 + f, f in the factor (keras.layers.RandomZoom).
/// Throws a ValueError for factors of -1 and below.
class RandomZoom : public LayerBase<RandomZoom, detail::ImageAugmentation> {
 public:
  explicit RandomZoom(Factor height_factor, RandomZoomOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  Factor height_factor_;
  RandomZoomOptions options_;
};

/// Keyword arguments of RandomBrightness and RandomContrast.
struct RandomColorOptions {
  std::array<double, 2> value_range = {0, 255};  ///< the range of pixel values, to which results are clipped
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(value_range, seed, dtype, name)
};

/// Adds f times the width of the value range to each image, f in the factor (keras.layers.RandomBrightness). Throws a
/// ValueError for factors outside [-1, 1].
class RandomBrightness : public LayerBase<RandomBrightness, detail::ImageAugmentation> {
 public:
  explicit RandomBrightness(Factor factor, RandomColorOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  Factor factor_;
  RandomColorOptions options_;
};

/// (x - mean) (1 + f) + mean, with the mean of each channel of an image and f in the factor
/// (keras.layers.RandomContrast, whose factor {a, b} is {-a, b} here). Throws a ValueError for factors outside [-1, 1].
class RandomContrast : public LayerBase<RandomContrast, detail::ImageAugmentation> {
 public:
  explicit RandomContrast(Factor factor, RandomColorOptions options = {});

 protected:
  Tensor augment(const Tensor& images) override;

 private:
  Factor factor_;
  RandomColorOptions options_;
};

}  // namespace layers
}  // namespace xtape
