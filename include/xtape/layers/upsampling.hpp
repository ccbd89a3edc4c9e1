#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Keyword arguments of UpSampling1D.
struct UpSampling1DOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Repeats each step `size` times: [batch, steps, channels] -> [batch, steps size, channels]
/// (keras.layers.UpSampling1D). Throws a ValueError for a size below 1.
class UpSampling1D : public LayerBase<UpSampling1D> {
 public:
  explicit UpSampling1D(std::int64_t size = 2, UpSampling1DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t size_;
};

/// Keyword arguments of UpSampling2D.
struct UpSampling2DOptions {
  /// "nearest": each pixel is repeated. "bilinear": output pixel i interpolates linearly at (i + 0.5) / size - 0.5
  /// between the two nearest pixels, as tf.image.resize; beyond the outermost pixel it equals that pixel.
  std::string interpolation = "nearest";
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(interpolation, dtype, name)
};

/// Enlarges images: [batch, height, width, channels] -> [batch, height size, width size, channels]
/// (keras.layers.UpSampling2D). Throws a ValueError for a size below 1 and another interpolation.
class UpSampling2D : public LayerBase<UpSampling2D> {
 public:
  explicit UpSampling2D(Size2d size = 2, UpSampling2DOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d size_;
  bool bilinear_;
};

}  // namespace xtape::layers
