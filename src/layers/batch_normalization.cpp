#include "xtape/layers/batch_normalization.hpp"

#include "core/check.hpp"
#include "core/random_log.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::layers {
namespace {

void follow(Variable& moving, const Tensor& of_batch, double momentum) {
  const detail::NoRecording off;
  const Tensor now = detail::widened(moving.stored_value()) * momentum + of_batch * (1 - momentum);
  moving.assign(cast(now, moving.dtype()));
}

}  // namespace

BatchNormalization::BatchNormalization(BatchNormalizationOptions options)
    : LayerBase(options.name, options.dtype), options_(std::move(options)) {
  if (!(options_.momentum >= 0 && options_.momentum <= 1)) {
    detail::fail<ValueError>("BatchNormalization", "expected 0 <= momentum <= 1, received momentum={}",
                             options_.momentum);
  }
  detail::check_epsilon("BatchNormalization", options_.epsilon);
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

Tensor BatchNormalization::normalize(const Tensor& inputs) {
  if (inputs.dtype() == bfloat16) return cast(normalize(detail::widened(inputs)), bfloat16);
  const Tensor& x = inputs;
  const Tensor gamma = options_.scale ? detail::widened(gamma_) : Tensor();
  const Tensor beta = options_.center ? detail::widened(beta_) : Tensor();
  if (!training() || !trainable() || x.size() == 0) {
    return nn::batch_norm(x, detail::widened(moving_mean_), detail::widened(moving_variance_), beta, gamma,
                          options_.epsilon);
  }
  const nn::BatchNorm normalized = nn::batch_norm_training(x, gamma, beta, options_.epsilon);
  if (random::draws_replay == nullptr) {  // recompute_grad's second run of a batch does not count again
    follow(moving_mean_, normalized.mean, options_.momentum);
    follow(moving_variance_, normalized.variance, options_.momentum);
  }
  return normalized.y;
}

Tensor BatchNormalization::call(const Tensor& inputs) {
  const int axis = detail::expect_axis_inside(*this, inputs.shape(), options_.axis);
  detail::expect_axis(*this, inputs.shape(), options_.axis, moving_mean_.size());
  if (axis == inputs.rank() - 1) return normalize(inputs);
  return moveaxis(normalize(moveaxis(inputs, axis, -1)), -1, axis);
}

}  // namespace xtape::layers
