#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/layers/margins.hpp"

namespace xtape::layers {

/// Keyword arguments of the layers below.
struct ZeroPaddingOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Adds zeros before and after sequences: [batch, steps, channels] -> [batch, steps', channels]
/// (keras.layers.ZeroPadding1D). Throws a ValueError for negative numbers.
class ZeroPadding1D : public LayerBase<ZeroPadding1D> {
 public:
  explicit ZeroPadding1D(Margins padding = 1, ZeroPaddingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Margins padding_;
};

/// The same for images: [batch, height, width, channels] -> [batch, height', width', channels]
/// (keras.layers.ZeroPadding2D).
class ZeroPadding2D : public LayerBase<ZeroPadding2D> {
 public:
  explicit ZeroPadding2D(Margins2d padding = 1, ZeroPaddingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Margins2d padding_;
};

}  // namespace xtape::layers
