#include "xtape/layers/normalization.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "ops/in_float32.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::layers {

using xtape::detail::fail;

Normalization::Normalization(NormalizationOptions options) : LayerBase(options), options_(std::move(options)) {
  if (options_.mean.defined() != options_.variance.defined()) {
    fail<ValueError>("Normalization", "expected both mean and variance, or neither: received {}",
                     options_.mean.defined() ? "mean" : "variance");
  }
  set_supports_masking(true);
}

void Normalization::build(const Shape& input_shape) {
  broadcast_.assign(static_cast<std::size_t>(input_shape.rank()), 1);
  std::vector<std::int64_t> kept;
  for (int axis = 0; axis < input_shape.rank(); ++axis) {
    const auto names = [&](int given) {
      return xtape::detail::normal_axis("Normalization", given, input_shape.rank()) == axis;
    };
    if (std::none_of(options_.axis.begin(), options_.axis.end(), names)) continue;
    broadcast_[static_cast<std::size_t>(axis)] = input_shape[axis];
    kept.push_back(input_shape[axis]);
  }
  if (options_.mean.defined()) {
    for (const Tensor& given : {options_.mean, options_.variance}) (void)in_place(given);
    return;
  }
  mean_ = add_weight("mean", Shape(kept), {.initializer = "zeros", .trainable = false, .autocast = false});
  variance_ = add_weight("variance", Shape(kept), {.initializer = "ones", .trainable = false, .autocast = false});
  count_ = add_weight("count", {}, {.initializer = "zeros", .trainable = false, .autocast = false, .dtype = int32});
}

void Normalization::check_built() const {
  if (broadcast_.empty()) fail<ValueError>("Normalization", "the layer has seen no inputs yet");
}

Tensor Normalization::in_place(const Tensor& statistic) const {
  const Shape shape(broadcast_);
  const Tensor values = cast(statistic, options_.dtype.variable_dtype());
  if (values.size() == shape.numel()) return reshape(values, shape);
  if (values.size() == 1) return broadcast_to(reshape(values, {}), shape);
  fail<ValueError>("Normalization", "expected a mean and variance that fit axes of shape {}, received shape {}", shape,
                   statistic.shape());
}

Tensor Normalization::mean() const {
  check_built();
  return in_place(options_.mean.defined() ? options_.mean : mean_.value());
}

Tensor Normalization::variance() const {
  check_built();
  return in_place(options_.mean.defined() ? options_.variance : variance_.value());
}

Tensor Normalization::call(const Tensor& inputs) {
  const Tensor x = is_floating(inputs.dtype()) ? inputs : cast(inputs, options_.dtype.variable_dtype());
  bool fits = static_cast<std::size_t>(x.rank()) == broadcast_.size();
  for (int axis = 0; fits && axis < x.rank(); ++axis) {
    const std::int64_t size = broadcast_[static_cast<std::size_t>(axis)];
    fits = size == 1 || x.shape()[axis] == size;
  }
  if (!fits) {
    fail<ValueError>("Normalization", "expected an input whose kept axes have shape {}, received {}", Shape(broadcast_),
                     x.shape());
  }
  const Tensor centre = cast(mean(), x.dtype());
  const Tensor spread = maximum(sqrt(cast(variance(), x.dtype())), 1e-7);
  const Tensor y = options_.invert ? x * spread + centre : (x - centre) / spread;
  return compute_dtype() == bfloat16 ? xtape::detail::narrowed(y) : y;
}

void Normalization::adapt(const Tensor& data) {
  if (options_.mean.defined()) fail<ValueError>("Normalization.adapt", "the layer was given a mean and variance");
  if (data.rank() < 1 || data.size() == 0) {
    fail<ValueError>("Normalization.adapt", "expected data [samples, ...], received shape {}", data.shape());
  }
  const xtape::detail::NoRecording off;
  (void)(*this)(slice_axis(data, 0, 0, 1));  // builds the layer
  std::vector<int> others;
  for (int axis = 0; axis < data.rank(); ++axis) {
    const auto names = [&](int given) {
      return xtape::detail::normal_axis("Normalization", given, data.rank()) == axis;
    };
    if (std::none_of(options_.axis.begin(), options_.axis.end(), names)) others.push_back(axis);
  }
  // In double, since there may be very many elements.
  Tensor x = cast(data, float64), average = x, spread = zeros_like(x);
  if (!others.empty()) {
    average = reduce_mean(x, others, true);
    spread = reduce_mean(square(x - average), others, true);
  }
  mean_.assign(cast(reshape(average, mean_.shape()), options_.dtype.variable_dtype()));
  variance_.assign(cast(reshape(spread, variance_.shape()), options_.dtype.variable_dtype()));
}

}  // namespace xtape::layers
