#include "xtape/layers/unit_normalization.hpp"

#include "layers/input_checks.hpp"
#include "xtape/ops/normalization.hpp"

namespace xtape::layers {

UnitNormalization::UnitNormalization(Axes axis, UnitNormalizationOptions options)
    : LayerBase(options, {{"axis", axis}}), axis_(std::move(axis)) {
  set_supports_masking(true);
}

Tensor UnitNormalization::call(const Tensor& inputs) {
  xtape::detail::PoolVector<int> axes;
  for (const int axis : axis_.axes()) axes.push_back(detail::expect_axis_inside(*this, inputs.shape(), axis));
  if (axis_.all()) axes.push_back(0);
  detail::warn_of_padding_in(*this, inputs, axes);
  return nn::l2_normalize(inputs, axis_, 1e-24);
}

}  // namespace xtape::layers
