#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/layers/margins.hpp"

namespace xtape::layers {

/// Keyword arguments of the layers below.
struct CroppingOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Removes steps at the beginning and the end of sequences: [batch, steps, channels] -> [batch, steps', channels]
/// (keras.layers.Cropping1D). Throws a ValueError for negative numbers and if no step would remain.
class Cropping1D : public LayerBase<Cropping1D> {
 public:
  explicit Cropping1D(Margins cropping = 1, CroppingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Margins cropping_;
};

/// The same for images: [batch, height, width, channels] -> [batch, height', width', channels]
/// (keras.layers.Cropping2D).
class Cropping2D : public LayerBase<Cropping2D> {
 public:
  explicit Cropping2D(Margins2d cropping = 0, CroppingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Margins2d cropping_;
};

}  // namespace xtape::layers
