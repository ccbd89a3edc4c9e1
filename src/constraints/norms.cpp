#include "xtape/constraints/norms.hpp"

#include "xtape/ops/math.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::constraints {
namespace {

constexpr double epsilon = 1e-7;  // keras.config.epsilon()

Tensor norms_of(const Tensor& w, const Axes& axes) { return norm(w, {}, axes, /*keepdims=*/true); }

}  // namespace

Tensor MaxNorm::operator()(const Tensor& w) const {
  const Tensor norms = norms_of(w, axis);
  return w * (clip_by_value(norms, 0, max_value) / (norms + epsilon));
}

Tensor UnitNorm::operator()(const Tensor& w) const { return w / (norms_of(w, axis) + epsilon); }

Tensor MinMaxNorm::operator()(const Tensor& w) const {
  const Tensor norms = norms_of(w, axis);
  const Tensor desired = clip_by_value(norms, min_value, max_value) * rate + norms * (1 - rate);
  return w * (desired / (norms + epsilon));
}

}  // namespace xtape::constraints
