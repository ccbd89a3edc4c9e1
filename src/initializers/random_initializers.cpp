#include "xtape/initializers/random_initializers.hpp"

#include "xtape/core/random.hpp"

namespace xtape::initializers {

Tensor RandomNormal::operator()(const Shape& shape, DType dtype) const {
  if (seed) return random::Generator(*seed).normal(shape, mean, stddev, dtype);
  return random::normal(shape, mean, stddev, dtype);
}

Tensor RandomUniform::operator()(const Shape& shape, DType dtype) const {
  if (seed) return random::Generator(*seed).uniform(shape, minval, maxval, dtype);
  return random::uniform(shape, minval, maxval, dtype);
}

Tensor TruncatedNormal::operator()(const Shape& shape, DType dtype) const {
  if (seed) return random::Generator(*seed).truncated_normal(shape, mean, stddev, dtype);
  return random::truncated_normal(shape, mean, stddev, dtype);
}

}  // namespace xtape::initializers
