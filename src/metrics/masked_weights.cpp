#include "metrics/masked_weights.hpp"

#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {

Tensor masked_weights(const Tensor& predictions, const Tensor& sample_weight) {
  if (!has_mask(predictions)) return sample_weight;
  const NoRecording unseen;
  Tensor mask = cast(get_mask(predictions), float64);
  if (!sample_weight.defined()) return mask;
  // Both begin with the axis of the batch, so that missing axes are at the end, unlike in broadcasting.
  Tensor weights = cast(sample_weight, float64);
  if (weights.rank() > 0) {
    while (weights.rank() < mask.rank()) weights = expand_dims(weights, -1);
    while (mask.rank() < weights.rank()) mask = expand_dims(mask, -1);
  }
  return mask * weights;
}

}  // namespace xtape::detail
