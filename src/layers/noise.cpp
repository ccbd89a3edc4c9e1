#include "xtape/layers/noise.hpp"

#include <cmath>

#include "base/check.hpp"
#include "layers/random_mask.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

GaussianNoise::GaussianNoise(double stddev, NoiseOptions options)
    : LayerBase(options, {{"stddev", stddev}}), stddev_(stddev), generator_(track(detail::generator_of(options.seed))) {
  if (!(stddev >= 0 && stddev <= 1)) {
    detail::fail<ValueError>("GaussianNoise",
                             "Invalid value received for argument `stddev`. Expected a float value between 0 and 1. "
                             "Received: stddev={}",
                             stddev);
  }
  set_supports_masking(true);
}

Tensor GaussianNoise::call(const Tensor& inputs) {
  if (!training() || stddev_ == 0) return inputs;
  return inputs + detail::used(generator_).normal(inputs.shape(), 0, stddev_, inputs.dtype());
}

GaussianDropout::GaussianDropout(double rate, NoiseOptions options)
    : LayerBase(options, {{"rate", rate}}), rate_(rate), generator_(track(detail::generator_of(options.seed))) {
  detail::check_rate("GaussianDropout", rate);
  set_supports_masking(true);
}

Tensor GaussianDropout::call(const Tensor& inputs) {
  if (!training() || rate_ == 0) return inputs;
  return inputs * detail::used(generator_).normal(inputs.shape(), 1, std::sqrt(rate_ / (1 - rate_)), inputs.dtype());
}

AlphaDropout::AlphaDropout(double rate, AlphaDropoutOptions options)
    : LayerBase(options, {{"rate", rate}}),
      rate_(rate),
      noise_shape_(std::move(options.noise_shape)),
      generator_(track(detail::generator_of(options.seed))) {
  detail::check_rate("AlphaDropout", rate);
  set_supports_masking(true);
}

Tensor AlphaDropout::call(const Tensor& inputs) {
  const Shape mask = detail::noise_shape_for("AlphaDropout", noise_shape_, inputs.shape());
  if (!training() || rate_ == 0) return inputs;
  constexpr double lowest = -1.6732632423543772 * 1.0507009873554805;  // selu(-infinity)
  const double a = 1 / std::sqrt((1 - rate_) * (1 + rate_ * lowest * lowest)), b = -a * lowest * rate_;
  const Tensor kept = detail::kept(mask, rate_, inputs.dtype(), generator_);
  return (inputs * kept + (1 - kept) * lowest) * a + b;
}

}  // namespace xtape::layers
