#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
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

/// Keyword arguments of RandomCrop.
struct RandomCropOptions {
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(seed, dtype, name)
};

/// In training, a window of this size at a random position, drawn for each batch. Outside training, and for smaller
/// images, the largest central window of this aspect ratio, resized (keras.layers.RandomCrop). Throws what Resizing
/// throws.
class RandomCrop : public LayerBase<RandomCrop> {
 public:
  RandomCrop(std::int64_t height, std::int64_t width, RandomCropOptions options = {});

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t height_, width_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace xtape::layers
