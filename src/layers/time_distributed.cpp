#include "xtape/layers/time_distributed.hpp"

#include "core/check.hpp"
#include "xtape/ops/movement.hpp"

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

}  // namespace

TimeDistributed::TimeDistributed(AnyLayer layer, std::string name)
    : LayerBase(std::move(name), layer->dtype_policy()), layer_(std::move(layer)) {
  adopt(*layer_);
}

void TimeDistributed::build(const Shape& input_shape) { check_rank(input_shape); }

Tensor TimeDistributed::call(const Tensor& inputs) {
  const Shape& shape = inputs.shape();
  check_rank(shape);
  const Tensor y = (*layer_)(reshape(inputs, replaced_front(shape, 2, {shape[0] * shape[1]})));
  return reshape(y, replaced_front(y.shape(), 1, {shape[0], shape[1]}));
}

}  // namespace xtape::layers
