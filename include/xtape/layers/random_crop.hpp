#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

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
