#include "xtape/layers/masking.hpp"

#include "layers/input_checks.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::layers {

Masking::Masking(double mask_value, MaskingOptions options)
    : LayerBase(options, {{"mask_value", mask_value}}), mask_value_(mask_value) {
  set_supports_masking(true);
}

Tensor Masking::compute_mask(const Tensor& inputs, const Tensor&) {
  detail::expect_min_ndim(*this, inputs.shape(), 2);
  return reduce_any(inputs != cast(constant(mask_value_), inputs.dtype()), -1);
}

Tensor Masking::call(const Tensor& inputs) {
  const Tensor mask = compute_mask(inputs, {});
  return xtape::detail::masked(where(expand_dims(mask, -1), inputs, 0), mask);
}

}  // namespace xtape::layers
