#include "xtape/layers/rescaling.hpp"

#include "xtape/ops/math.hpp"

namespace xtape::layers {

Rescaling::Rescaling(double scale, RescalingOptions options)
    : LayerBase(options, {{"scale", scale}}), scale_(scale), offset_(options.offset) {
  set_supports_masking(true);
}

Tensor Rescaling::call(const Tensor& inputs) { return cast(inputs, compute_dtype()) * scale_ + offset_; }

}  // namespace xtape::layers
