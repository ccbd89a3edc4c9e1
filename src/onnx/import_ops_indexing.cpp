// Elements by their places.
#include <algorithm>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

/// Negative places count from the end.
Tensor from_begin(const Tensor& places, const Tensor& size) {
  const Tensor at = cast(places, int64);
  return where(less(at, zeros({}, int64)), at + size, at);
}

TensorList take(Call call) {
  const Tensor& x = call.x();
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  if (is_floating(call.in(1).dtype())) call.refuse("expected integers as places");
  return gather(x, from_begin(call.in(1), constant(x.shape()[axis], int64)), axis);
}

/// 0, 1, ... along an axis, in a shape that broadcasts to those of that rank.
Tensor counting(Call call, std::int64_t size, int axis, int rank) {
  call.expect_moderate(size);
  Integers sizes(static_cast<std::size_t>(rank), 1);
  sizes[static_cast<std::size_t>(axis)] = size;
  return reshape(arange<std::int64_t>(0, size, 1, int64), Shape(sizes));
}

/// Where in flatten(x) the element is whose place along `axis` is given, and whose other places are its own.
Tensor flat_places(Call call, const Tensor& x, const Tensor& given, int axis) {
  if (given.rank() != x.rank()) {
    call.refuse("expected places with {} axes, received the shape {}", x.rank(), given.shape().str());
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis && given.shape()[i] > x.shape()[i]) {
      call.refuse("places of shape {} do not fit into the shape {}", given.shape().str(), x.shape().str());
    }
  }
  Tensor places = zeros({}, int64);
  std::int64_t stride = 1;
  for (int i = x.rank() - 1; i >= 0; --i) {
    const std::int64_t size = x.shape()[i];
    const Tensor at =
        i == axis ? from_begin(given, constant(size, int64)) : counting(call, given.shape()[i], i, x.rank());
    places = places + at * constant(stride, int64);
    stride *= size;
  }
  return places;
}

TensorList take_elements(Call call) {
  const Tensor& x = call.x();
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  return gather(flatten(x), flat_places(call, x, call.in(1), axis), 0);
}

/// The updates by the attribute `reduction`, at places [..., k].
Tensor scattered(Call call, const Tensor& x, const Tensor& places, const Tensor& updates) {
  const std::string reduction = call.text("reduction", "none");
  if (reduction == "none") return tensor_scatter_update(x, places, updates);
  if (reduction == "add") return tensor_scatter_add(x, places, updates);
  call.refuse("xtape does not have its reduction '{}'", reduction);
}

TensorList scatter_elements(Call call) {
  const Tensor& x = call.x();
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  const Tensor places = flatten(flat_places(call, x, call.in(1), axis));
  return reshape(scattered(call, flatten(x), expand_dims(places, 1), flatten(call.in(2))), x.shape());
}

/// Places [..., k] in axes from `first` on, counted from the begin.
Tensor places_in(Call call, const Tensor& x, const Tensor& given, int first) {
  const std::int64_t count = given.rank() == 0 ? 0 : given.shape().back();
  if (count < 1 || count > x.rank() - first) {
    call.refuse("places of shape {} do not fit the shape {}", given.shape().str(), x.shape().str());
  }
  Integers sizes;
  for (int i = 0; i < count; ++i) sizes.push_back(x.shape()[first + i]);
  return from_begin(given, constant(sizes, {count}));
}

TensorList take_slices(Call call) {
  const Tensor &x = call.x(), &given = call.in(1);
  const std::int64_t batches = call.integer("batch_dims", 0);
  if (batches < 0 || batches >= x.rank() || batches >= given.rank()) {
    call.refuse("batch_dims of {} does not fit the shape {}", batches, x.shape().str());
  }
  const int first = static_cast<int>(batches);
  const Tensor places = places_in(call, x, given, first);
  if (first == 0) return gather_nd(x, places);
  std::vector<Tensor> all;  // the place in each batch axis is its own
  Integers column(given.shape().begin(), given.shape().end());
  column.back() = 1;
  for (int i = 0; i < first; ++i) {
    all.push_back(broadcast_to(counting(call, given.shape()[i], i, given.rank()), Shape(column)));
  }
  all.push_back(places);
  return gather_nd(x, concat(all, -1));
}

TensorList scatter_slices(Call call) {
  const Tensor& x = call.x();
  return scattered(call, x, places_in(call, x, call.in(1), 0), call.in(2));
}

TensorList one_hot_rows(Call call) {
  const std::int64_t depth = call.one_number(1) < 0 ? -1 : static_cast<std::int64_t>(call.one_number(1));
  if (depth < 1) call.refuse("expected a depth of 1 or more, received {}", depth);
  const Tensor& values = call.in(2);  // off, on
  if (values.size() != 2) call.refuse("expected two values, received the shape {}", values.shape().str());
  call.expect_moderate(checked_product(OnnxImportCall::method, depth, call.x().size()));
  const int rank = call.x().rank() + 1, axis = call.axis(call.integer("axis", -1), rank);
  const Tensor at = from_begin(call.x(), constant(depth, int64));
  const Tensor on = equal(expand_dims(at, axis), counting(call, depth, axis, rank));
  return where(on, slice_axis(values, 0, 1, 1), slice_axis(values, 0, 0, 1));
}

constexpr OnnxImportOp table[] = {
    {"Gather", take, 2, 2},
    {"GatherElements", take_elements, 2, 2},
    {"GatherND", take_slices, 2, 2},
    {"OneHot", one_hot_rows, 3, 3, input_bits(1), 0, input_bits(1, 2)},
    {"Scatter", scatter_elements, 3, 3},
    {"ScatterElements", scatter_elements, 3, 3},
    {"ScatterND", scatter_slices, 3, 3},
};

}  // namespace

std::span<const OnnxImportOp> imported_indexing_ops() { return table; }

}  // namespace xtape::detail
