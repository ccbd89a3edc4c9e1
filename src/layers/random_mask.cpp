#include "layers/random_mask.hpp"

#include "base/check.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {

void check_rate(const char* where, double rate) {
  if (!(rate >= 0 && rate < 1)) fail<ValueError>(where, "expected 0 <= rate < 1, received rate={}", rate);
}

std::shared_ptr<random::Generator> generator_of(std::optional<std::uint64_t> seed) {
  return seed ? std::make_shared<random::Generator>(*seed) : nullptr;
}

random::Generator& used(const std::shared_ptr<random::Generator>& generator) {
  return generator ? *generator : random::default_generator();
}

Tensor kept(const Shape& shape, double rate, DType dtype, const std::shared_ptr<random::Generator>& generator) {
  return cast(used(generator).uniform(shape) >= rate, dtype);
}

Shape noise_shape_for(const char* where, const std::optional<Shape>& noise_shape, const Shape& inputs) {
  if (!noise_shape) return inputs;
  Shape shape = *noise_shape;
  bool fits = shape.rank() == inputs.rank();
  for (int axis = 0; fits && axis < shape.rank(); ++axis) {
    if (shape[axis] == -1) shape[axis] = inputs[axis];
    fits = shape[axis] == 1 || shape[axis] == inputs[axis];
  }
  if (!fits) {
    fail<ValueError>(where, "expected a noise_shape that broadcasts to the input, received noise_shape={} and shape {}",
                     *noise_shape, inputs);
  }
  return shape;
}

}  // namespace xtape::detail
