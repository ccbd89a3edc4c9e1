#include "initializers/variance_scaling.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "xtape/core/random.hpp"
#include "xtape/initializers/variance_scaling.hpp"

namespace xtape {
namespace detail {

Fans fans_of(const Shape& shape) {
  const int rank = shape.rank();
  if (rank == 0) return {1, 1};
  if (rank == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double receptive_field = 1;
  for (int axis = 0; axis < rank - 2; ++axis) receptive_field *= static_cast<double>(shape[axis]);
  return {static_cast<double>(shape[rank - 2]) * receptive_field,
          static_cast<double>(shape[rank - 1]) * receptive_field};
}

}  // namespace detail

namespace initializers {
namespace {

/// Uniform in [-limit, limit), from a generator of its own where there is a seed.
Tensor uniform_weights(const Shape& shape, double limit, DType dtype, std::optional<std::uint64_t> seed) {
  if (seed) return random::Generator(*seed).uniform(shape, -limit, limit, dtype);
  return random::uniform(shape, -limit, limit, dtype);
}

/// A truncated normal distribution whose standard deviation after the cut is `stddev`.
Tensor normal_weights(const Shape& shape, double stddev, DType dtype, std::optional<std::uint64_t> seed) {
  // The divisor is the standard deviation of a standard normal distribution truncated at -2 and 2.
  const double before_cut = stddev / 0.87962566103423978;
  if (seed) return random::Generator(*seed).truncated_normal(shape, 0, before_cut, dtype);
  return random::truncated_normal(shape, 0, before_cut, dtype);
}

}  // namespace

Tensor VarianceScaling::operator()(const Shape& shape, DType dtype) const {
  constexpr const char* op = "VarianceScaling";
  if (!(scale > 0 && std::isfinite(scale))) {
    detail::fail<ValueError>(op, "Argument `scale` must be positive float. Received: scale={}", scale);
  }
  const auto [in, out] = detail::fans_of(shape);
  double fan = (in + out) / 2;
  if (mode == "fan_in") {
    fan = in;
  } else if (mode == "fan_out") {
    fan = out;
  } else if (mode != "fan_avg") {
    detail::fail<ValueError>(op, "Invalid `mode` argument: {}. Please use one of fan_in, fan_out, fan_avg", mode);
  }
  const double variance = scale / std::max(1.0, fan);
  if (distribution == "truncated_normal" || distribution == "normal") {
    return normal_weights(shape, std::sqrt(variance), dtype, seed);
  }
  if (distribution == "untruncated_normal") {
    if (seed) return random::Generator(*seed).normal(shape, 0, std::sqrt(variance), dtype);
    return random::normal(shape, 0, std::sqrt(variance), dtype);
  }
  if (distribution == "uniform") return uniform_weights(shape, std::sqrt(3 * variance), dtype, seed);
  detail::fail<ValueError>(
      op, "Invalid `distribution` argument: {}. Please use one of uniform, truncated_normal, untruncated_normal",
      distribution);
}

Tensor GlorotUniform::operator()(const Shape& shape, DType dtype) const {
  const auto [in, out] = detail::fans_of(shape);
  return uniform_weights(shape, std::sqrt(3 / std::max(1.0, (in + out) / 2)), dtype, seed);
}

Tensor GlorotNormal::operator()(const Shape& shape, DType dtype) const {
  return VarianceScaling{.mode = "fan_avg", .seed = seed}(shape, dtype);
}

Tensor HeNormal::operator()(const Shape& shape, DType dtype) const {
  return normal_weights(shape, std::sqrt(2 / std::max(1.0, detail::fans_of(shape).in)), dtype, seed);
}

Tensor HeUniform::operator()(const Shape& shape, DType dtype) const {
  return VarianceScaling{.scale = 2, .distribution = "uniform", .seed = seed}(shape, dtype);
}

Tensor LecunNormal::operator()(const Shape& shape, DType dtype) const {
  return VarianceScaling{.seed = seed}(shape, dtype);
}

Tensor LecunUniform::operator()(const Shape& shape, DType dtype) const {
  return VarianceScaling{.distribution = "uniform", .seed = seed}(shape, dtype);
}

}  // namespace initializers
}  // namespace xtape
