#pragma once

// Family: layers that pool inputs of any size to results of a given size.

#include <array>
#include <cstdint>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::layers {

/// Three numbers, for the depth, the height and the width of a volume: `{2, 1, 3}`, or `2` for all.
struct Size3d {
  std::int64_t depth, height, width;
  Size3d(std::int64_t all) : depth(all), height(all), width(all) {}
  Size3d(std::int64_t depth_, std::int64_t height_, std::int64_t width_)
      : depth(depth_), height(height_), width(width_) {}
  ConfigValue config() const { return std::array{depth, height, width}; }
  static Size3d from_config(const ConfigValue& value);
  friend bool operator==(const Size3d&, const Size3d&) = default;
};

/// Keyword arguments of the layers below.
struct AdaptivePoolingOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// The mean of each of output_size windows of a sequence: [batch, steps, channels] -> [batch, output_size, channels]
/// (keras.layers.AdaptiveAveragePooling1D, as torch.nn.AdaptiveAvgPool1d). Of n steps, window i has those from floor(i
/// n / output_size) to, and without, ceil((i + 1) n / output_size): windows may overlap and differ by one in size.
/// Throws a ValueError for another rank, an input without steps and an output_size below 1.
class AdaptiveAveragePooling1D : public LayerBase<AdaptiveAveragePooling1D> {
 public:
  explicit AdaptiveAveragePooling1D(std::int64_t output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t output_size_;
};

/// The mean of each window of an image: [batch, height, width, channels] -> [batch, output_size..., channels]
/// (keras.layers.AdaptiveAveragePooling2D). Along each axis, the windows are those of AdaptiveAveragePooling1D.
class AdaptiveAveragePooling2D : public LayerBase<AdaptiveAveragePooling2D> {
 public:
  explicit AdaptiveAveragePooling2D(Size2d output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d output_size_;
};

/// The mean of each window of a volume: [batch, depth, height, width, channels] -> [batch, output_size..., channels]
/// (keras.layers.AdaptiveAveragePooling3D). Along each axis, the windows are those of AdaptiveAveragePooling1D.
class AdaptiveAveragePooling3D : public LayerBase<AdaptiveAveragePooling3D> {
 public:
  explicit AdaptiveAveragePooling3D(Size3d output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size3d output_size_;
};

/// The largest element of each window of a sequence. Windows, shapes and errors are those of AdaptiveAveragePooling1D
/// (keras.layers.AdaptiveMaxPooling1D). The gradient goes to the first of the largest elements.
class AdaptiveMaxPooling1D : public LayerBase<AdaptiveMaxPooling1D> {
 public:
  explicit AdaptiveMaxPooling1D(std::int64_t output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  std::int64_t output_size_;
};

/// The largest element of each window of an image: [batch, height, width, channels] -> [batch, output_size...,
/// channels] (keras.layers.AdaptiveMaxPooling2D). Along each axis, the windows are those of AdaptiveAveragePooling1D.
class AdaptiveMaxPooling2D : public LayerBase<AdaptiveMaxPooling2D> {
 public:
  explicit AdaptiveMaxPooling2D(Size2d output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size2d output_size_;
};

/// The largest element of each window of a volume: [batch, depth, height, width, channels] -> [batch, output_size...,
/// channels] (keras.layers.AdaptiveMaxPooling3D). Along each axis, the windows are those of AdaptiveAveragePooling1D.
class AdaptiveMaxPooling3D : public LayerBase<AdaptiveMaxPooling3D> {
 public:
  explicit AdaptiveMaxPooling3D(Size3d output_size, AdaptivePoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Size3d output_size_;
};

}  // namespace xtape::layers
