#include "xtape/layers/unit_normalization.hpp"

#include "layers/input_checks.hpp"
#include "xtape/ops/normalization.hpp"

namespace xtape::layers {

UnitNormalization::UnitNormalization(Axes axis, UnitNormalizationOptions options)
    : LayerBase(options, {{"axis", axis}}), axis_(std::move(axis)) {
  set_supports_masking(true);
}

Tensor UnitNormalization::call(const Tensor& inputs) {
  for (const int axis : axis_.axes()) (void)detail::expect_axis_inside(*this, inputs.shape(), axis);
  return nn::l2_normalize(inputs, axis_, 1e-24);
}

}  // namespace xtape::layers
