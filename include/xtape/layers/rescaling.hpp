#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Rescaling.
struct RescalingOptions {
  double offset = 0;
  DTypePolicy dtype = {};  ///< inputs are first cast to its compute dtype
  std::string name = {};

  XTAPE_FIELDS(offset, dtype, name)
};

/// x scale + offset for x of any dtype (keras.layers.Rescaling): Rescaling(1 / 255.0) maps the bytes of images to [0,
/// 1], Rescaling(1 / 127.5, {.offset = -1}) to [-1, 1].
class Rescaling : public LayerBase<Rescaling> {
 public:
  explicit Rescaling(double scale, RescalingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double scale_, offset_;
};

}  // namespace xtape::layers
