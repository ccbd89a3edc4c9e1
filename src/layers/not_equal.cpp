#include "xtape/layers/not_equal.hpp"

#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

NotEqual::NotEqual(double value, std::string name) : LayerBase(std::move(name)), value_(value) {
  describe({{"value", value}});
  set_casts_inputs(false);
  set_supports_masking(true);  // what it makes is a mask, which needs none
}

Tensor NotEqual::call(const Tensor& inputs) { return inputs != cast(constant(value_), inputs.dtype()); }

}  // namespace xtape::layers
