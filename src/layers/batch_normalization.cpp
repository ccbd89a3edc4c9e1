#include "xtape/layers/batch_normalization.hpp"

#include <numeric>
#include <vector>

#include "base/check.hpp"
#include "layers/given_mask.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::layers {
namespace {

/// Updates a moving statistic. `counts` is false for channels without elements, which do not change; empty means all
/// have some.
void follow(Variable& moving, const Tensor& of_batch, double momentum, const Tensor& counts) {
  const detail::NoRecording off;
  const Tensor before = detail::widened(moving.stored_value());
  const Tensor now = before * momentum + of_batch * (1 - momentum);
  moving.assign(cast(counts.defined() ? where(counts, now, before) : now, moving.dtype()));
}

/// batch_norm_training() over the elements where the mask is true. `counts` is false for channels without any.
struct MaskedBatch {
  nn::BatchNorm normalized;
  Tensor counts;
};

MaskedBatch normalize_masked(const Tensor& x, const Tensor& mask, const Tensor& gamma, const Tensor& beta,
                             double epsilon) {
  std::vector<int> others(static_cast<std::size_t>(x.rank() - 1));
  std::iota(others.begin(), others.end(), 0);
  const Tensor kept = broadcast_to(mask, x.shape());
  const Tensor number = reduce_sum(cast(kept, x.dtype()), others), divisor = maximum(number, 1);
  const Tensor mean = reduce_sum(where(kept, x, 0), others) / divisor;
  const Tensor centred = x - mean;
  const Tensor variance = reduce_sum(square(where(kept, centred, 0)), others) / divisor;
  Tensor y = centred * rsqrt(variance + epsilon);
  if (gamma.defined()) y = y * gamma;
  if (beta.defined()) y = y + beta;
  return {{y, mean, variance}, number > 0};
}

}  // namespace

BatchNormalization::BatchNormalization(BatchNormalizationOptions options)
    : LayerBase(options), options_(std::move(options)) {
  if (!(options_.momentum >= 0 && options_.momentum <= 1)) {
    detail::fail<ValueError>("BatchNormalization", "expected 0 <= momentum <= 1, received momentum={}",
                             options_.momentum);
  }
  detail::check_epsilon("BatchNormalization", options_.epsilon);
  set_supports_masking(true);
}

void BatchNormalization::build(const Shape& input_shape) {
  const int axis = detail::expect_axis_inside(*this, input_shape, options_.axis);
  const Shape channels{input_shape[axis]};
  if (options_.scale) gamma_ = add_weight("gamma", channels, detail::gamma_options(options_));
  if (options_.center) beta_ = add_weight("beta", channels, detail::beta_options(options_));
  const auto moving = [&](const Initializer& initializer) {
    return WeightOptions{.initializer = initializer, .trainable = false, .autocast = false};
  };
  moving_mean_ = add_weight("moving_mean", channels, moving(options_.moving_mean_initializer));
  moving_variance_ = add_weight("moving_variance", channels, moving(options_.moving_variance_initializer));
}

Tensor BatchNormalization::normalize(const Tensor& inputs, const Tensor& mask) {
  if (inputs.dtype() == bfloat16) return detail::narrowed(normalize(detail::widened(inputs), mask));
  const Tensor& x = inputs;
  const Tensor gamma = options_.scale ? detail::widened(gamma_) : Tensor();
  const Tensor beta = options_.center ? detail::widened(beta_) : Tensor();
  if (!training() || !trainable() || x.size() == 0) {
    return nn::batch_norm(x, detail::widened(moving_mean_), detail::widened(moving_variance_), beta, gamma,
                          options_.epsilon);
  }
  const auto [normalized, counts] =
      mask.defined() ? normalize_masked(x, mask, gamma, beta, options_.epsilon)
                     : MaskedBatch{nn::batch_norm_training(x, gamma, beta, options_.epsilon), Tensor()};
  if (!being_recomputed()) {  // count a batch only once
    follow(moving_mean_, normalized.mean, options_.momentum, counts);
    follow(moving_variance_, normalized.variance, options_.momentum, counts);
  }
  return normalized.y;
}

Tensor BatchNormalization::call(const Tensor& inputs) {
  const int axis = detail::expect_axis_inside(*this, inputs.shape(), options_.axis);
  detail::expect_axis(*this, inputs.shape(), options_.axis, moving_mean_.size());
  Tensor mask = get_mask(inputs);
  if (mask.defined() && mask.rank() != inputs.rank() - 1) {
    detail::fail<ValueError>("BatchNormalization",
                             "expected a mask with one axis less than the inputs, of shape {}: received {}",
                             inputs.shape(), mask.shape());
  }
  if (mask.defined()) mask = expand_dims(mask, -1);
  if (axis == inputs.rank() - 1) return normalize(inputs, mask);
  if (mask.defined()) mask = moveaxis(broadcast_to(mask, inputs.shape()), axis, -1);
  return moveaxis(normalize(moveaxis(inputs, axis, -1), mask), -1, axis);
}

TensorList BatchNormalization::call_list(const TensorList& inputs) {
  const Tensor x = detail::with_given_mask(*this, inputs);
  return detail::masked_like(x, call(x));
}

}  // namespace xtape::layers
