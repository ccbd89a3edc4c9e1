#include "xtape/layers/repeat_vector.hpp"

#include "layers/convolution.hpp"
#include "layers/input_checks.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

RepeatVector::RepeatVector(std::int64_t n, RepeatVectorOptions options) : LayerBase(options, {{"n", n}}), n_(n) {
  detail::check_positive("RepeatVector", "n", n);
}

Tensor RepeatVector::call(const Tensor& inputs) {
  detail::expect_ndim(*this, inputs.shape(), 2);
  return broadcast_to(expand_dims(inputs, 1), {inputs.shape()[0], n_, inputs.shape()[1]});
}

}  // namespace xtape::layers
