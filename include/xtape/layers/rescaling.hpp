#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

/// Keyword arguments of Rescaling.
struct RescalingOptions {
  double offset = 0;
  DType dtype = float32;  ///< of the result, to which inputs are cast before
  std::string name = {};
};

/// x scale + offset, of any dtype (keras.layers.Rescaling): Rescaling(1 / 255.0) takes the bytes of images to [0, 1],
/// Rescaling(1 / 127.5, {.offset = -1}) to [-1, 1].
class Rescaling : public LayerBase<Rescaling> {
 public:
  explicit Rescaling(double scale, RescalingOptions options = {})
      : LayerBase(std::move(options.name)), scale_(scale), offset_(options.offset), dtype_(options.dtype) {}

 protected:
  Tensor call(const Tensor& inputs) override { return cast(inputs, dtype_) * scale_ + offset_; }

 private:
  double scale_, offset_;
  DType dtype_;
};

}  // namespace xtape::layers
