#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of the layers below.
struct GlobalPoolingOptions {
  bool keepdims = false;  ///< keep the axes, with size 1
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(keepdims, dtype, name)
};

/// The mean of each channel: [batch, steps, channels] -> [batch, channels] (keras.layers.GlobalAveragePooling1D).
/// Throws a ValueError for another rank.
///
///     Tensor y = pooling(x);          // if x has a mask (see get_mask), over the steps where it is true
///     Tensor y = pooling({x, mask});  // with this mask instead
///
/// A sample without any step that counts gives 0 (Keras: NaN).
class GlobalAveragePooling1D : public LayerBase<GlobalAveragePooling1D> {
 public:
  explicit GlobalAveragePooling1D(GlobalPoolingOptions options = {});
  Tensor compute_mask(const Tensor&, const Tensor&) override { return {}; }

 protected:
  Tensor call(const Tensor& inputs) override;
  TensorList call_list(const TensorList& inputs) override;
  bool may_make_masks() const override { return false; }

 private:
  bool keepdims_;
};
/// Keras's other name.
using GlobalAvgPool1D = GlobalAveragePooling1D;

/// The mean of each channel: [batch, height, width, channels] -> [batch, channels]
/// (keras.layers.GlobalAveragePooling2D). Throws a ValueError for another rank.
class GlobalAveragePooling2D : public LayerBase<GlobalAveragePooling2D> {
 public:
  explicit GlobalAveragePooling2D(GlobalPoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  bool keepdims_;
};
/// Keras's other name.
using GlobalAvgPool2D = GlobalAveragePooling2D;

/// The largest element of each channel: [batch, steps, channels] -> [batch, channels]
/// (keras.layers.GlobalMaxPooling1D). Throws a ValueError for another rank.
class GlobalMaxPooling1D : public LayerBase<GlobalMaxPooling1D> {
 public:
  explicit GlobalMaxPooling1D(GlobalPoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  bool keepdims_;
};
/// Keras's other name.
using GlobalMaxPool1D = GlobalMaxPooling1D;

/// The largest element of each channel: [batch, height, width, channels] -> [batch, channels]
/// (keras.layers.GlobalMaxPooling2D). Throws a ValueError for another rank.
class GlobalMaxPooling2D : public LayerBase<GlobalMaxPooling2D> {
 public:
  explicit GlobalMaxPooling2D(GlobalPoolingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  bool keepdims_;
};
/// Keras's other name.
using GlobalMaxPool2D = GlobalMaxPooling2D;

}  // namespace xtape::layers
