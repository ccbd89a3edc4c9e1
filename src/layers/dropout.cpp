#include "xtape/layers/dropout.hpp"

#include "core/check.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

Dropout::Dropout(double rate, DropoutOptions options) : LayerBase(std::move(options.name)), rate_(rate) {
  if (!(rate >= 0 && rate < 1)) detail::fail<ValueError>("Dropout", "expected 0 <= rate < 1, received rate={}", rate);
  if (options.seed) generator_ = std::make_shared<random::Generator>(*options.seed);
}

Tensor Dropout::call(const Tensor& inputs) {
  if (!training() || rate_ == 0) return inputs;
  random::Generator& generator = generator_ ? *generator_ : random::default_generator();
  const Tensor kept = generator.uniform(inputs.shape()) >= rate_;
  return inputs * (cast(kept, inputs.dtype()) * (1 / (1 - rate_)));
}

}  // namespace xtape::layers
