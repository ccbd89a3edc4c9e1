#include "xtape/layers/time_distributed.hpp"

#include "base/check.hpp"
#include "layers/given_mask.hpp"
#include "layers/layer_state.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {
namespace {

void check_rank(const Shape& shape) {
  if (shape.rank() < 3) {
    xtape::detail::fail<ValueError>(
        "TimeDistributed", "expected an input of rank 3 or more ([batch, time, ...]), received shape {}", shape);
  }
}

Shape replaced_front(const Shape& shape, int count, std::initializer_list<std::int64_t> front) {
  std::vector<std::int64_t> sizes(front);
  sizes.insert(sizes.end(), shape.begin() + count, shape.end());
  return Shape(sizes);
}

/// The mask of the samples [batch * time, ...] for a mask [batch, time, ...]. A mask [batch, time] is repeated for
/// everything inside a step, since layers expect masks with one axis less than their inputs.
Tensor of_samples(const Tensor& mask, const Shape& x) {
  if (mask.rank() > 2) return reshape(mask, replaced_front(mask.shape(), 2, {x[0]}));
  const std::vector<std::int64_t> sizes(x.begin(), x.end() - 1);
  std::vector<std::int64_t> column(sizes.size(), 1);
  column[0] = x[0];
  return broadcast_to(reshape(mask, Shape(column)), Shape(sizes));
}

}  // namespace

TimeDistributed::TimeDistributed(AnyLayer layer, std::string name)
    : LayerBase(std::move(name), layer->dtype_policy()), layer_(std::move(layer)) {
  describe({{"layer", layer_}});
  set_supports_masking(true);
  adopt(*layer_);
}

void TimeDistributed::build(const Shape& input_shape) { check_rank(input_shape); }

Tensor TimeDistributed::call(const Tensor& inputs) {
  const Shape& shape = inputs.shape();
  check_rank(shape);
  const std::int64_t batch = shape[0], time = shape[1];
  Tensor x = reshape(inputs, replaced_front(shape, 2, {batch * time}));
  const Tensor mask = get_mask(inputs);
  if (mask.defined() && (mask.rank() < 2 || mask.shape()[0] != batch || mask.shape()[1] != time)) {
    xtape::detail::fail<ValueError>("TimeDistributed",
                                    "expected a mask ({}, {}, ...) for an input of shape {}, received {}", batch, time,
                                    shape, mask.shape());
  }
  if (mask.defined() && xtape::detail::LayerState::takes_masks(*layer_)) {
    const Tensor inside = of_samples(mask, x.shape());
    x = xtape::detail::masked(std::move(x), inside);
  }
  Tensor y = (*layer_)(x);
  const Tensor inner = get_mask(y);
  y = reshape(y, replaced_front(y.shape(), 1, {batch, time}));
  if (inner.defined() && (!mask.defined() || mask.rank() > 2)) {
    return xtape::detail::masked(std::move(y), reshape(inner, replaced_front(inner.shape(), 1, {batch, time})));
  }
  if (!mask.defined()) return y;
  std::vector<int> inside;
  for (int axis = 2; axis < mask.rank(); ++axis) inside.push_back(axis);
  return xtape::detail::masked(std::move(y), inside.empty() ? mask : reduce_any(mask, inside));
}

TensorList TimeDistributed::call_list(const TensorList& inputs) {
  return call(xtape::detail::with_given_mask(*this, inputs));
}

}  // namespace xtape::layers
