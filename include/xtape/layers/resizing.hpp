#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Resizing.
struct ResizingOptions {
  std::string interpolation = "bilinear";  ///< or "nearest"
  bool crop_to_aspect_ratio = false;       ///< resizes the largest window in the middle that has the new sizes' ratio
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(interpolation, crop_to_aspect_ratio, dtype, name)
};

/// Images [batch, height, width, channels] or [height, width, channels] in another size, see image::resize
/// (keras.layers.Resizing). Those of an integer dtype become float32. Throws a ValueError for sizes < 1 and images of
/// other ranks.
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

/// The window of this size in the middle of each image; of images smaller than that, the largest window of its ratio,
/// resized (keras.layers.CenterCrop). Errors as of Resizing.
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

/// In training a window of this size at a place drawn for each batch; otherwise, and for images smaller than that, the
/// largest window of its ratio in the middle, resized (keras.layers.RandomCrop). Errors as of Resizing.
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
