#include "initializers/variance_scaling.hpp"

#include "xtape/core/random.hpp"

namespace xtape::detail {

Fans fans_of(const Shape& shape) {
  const int rank = shape.rank();
  if (rank == 0) return {1, 1};
  if (rank == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double receptive_field = 1;
  for (int axis = 0; axis < rank - 2; ++axis) receptive_field *= static_cast<double>(shape[axis]);
  return {static_cast<double>(shape[rank - 2]) * receptive_field,
          static_cast<double>(shape[rank - 1]) * receptive_field};
}

Tensor uniform_weights(const Shape& shape, double limit, DType dtype, std::optional<std::uint64_t> seed) {
  if (seed) return random::Generator(*seed).uniform(shape, -limit, limit, dtype);
  return random::uniform(shape, -limit, limit, dtype);
}

Tensor normal_weights(const Shape& shape, double stddev, DType dtype, std::optional<std::uint64_t> seed) {
  // The standard deviation of a standard normal distribution cut off at -2 and 2.
  const double before_cut = stddev / 0.87962566103423978;
  if (seed) return random::Generator(*seed).truncated_normal(shape, 0, before_cut, dtype);
  return random::truncated_normal(shape, 0, before_cut, dtype);
}

}  // namespace xtape::detail
