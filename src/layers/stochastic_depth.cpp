#include "xtape/layers/stochastic_depth.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "layers/random_mask.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

StochasticDepth::StochasticDepth(double drop_path_rate, StochasticDepthOptions options)
    : LayerBase(options, {{"drop_path_rate", drop_path_rate}}), drop_path_rate_(drop_path_rate) {
  xtape::detail::check_rate("StochasticDepth", drop_path_rate);
  set_supports_masking(true);
}

Config StochasticDepth::config() const {
  const Config own = LayerBase::config();
  return Config(own.class_name(), own.entries(), "keras.src.applications.convnext");
}

Tensor StochasticDepth::call(const Tensor& inputs) {
  if (inputs.rank() < 1) {
    xtape::detail::fail<ValueError>("StochasticDepth", "expected an input [batch, ...], received shape {}",
                                    inputs.shape());
  }
  if (!training() || drop_path_rate_ == 0) return inputs;
  Shape mask = inputs.shape();
  std::fill(mask.begin() + 1, mask.end(), 1);
  return inputs * (xtape::detail::kept(mask, drop_path_rate_, inputs.dtype(), nullptr) * (1 / (1 - drop_path_rate_)));
}

}  // namespace xtape::layers
