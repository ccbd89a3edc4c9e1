#include "tape/accumulate.hpp"

#include <cstring>

#include "core/convert.hpp"
#include "core/launch.hpp"
#include "core/launch_elementwise.hpp"
#include "core/reduce_axes.hpp"
#include "kernels/addition.hpp"
#include "kernels/inplace.hpp"
#include "kernels/reduce.hpp"
#include "kernels/strided.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/core/provenance.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {

namespace {

/// The slices of a followed by those of b.
Tensor concatenated(const IndexedSlices& a, const IndexedSlices& b) {
  Shape rows = a.values.shape();
  rows[0] += b.values.shape()[0];
  const IndexedSlices both{make_tensor(rows, a.values.dtype()), make_tensor({rows[0]}, int64), a.dense_shape};
  const auto append = [](Read first, Read second, Write to) {
    std::memcpy(to.bytes(), first.bytes(), static_cast<std::size_t>(first.size_in_bytes()));
    std::memcpy(to.bytes() + first.size_in_bytes(), second.bytes(), static_cast<std::size_t>(second.size_in_bytes()));
  };
  launch(append, a.values, b.values, both.values);
  launch(append, a.indices, b.indices, both.indices);
  return to_tensor(both);
}

/// to += rows, in place.
void add_rows(const Tensor& to, const IndexedSlices& rows) {
  const std::int64_t n = rows.indices.size(), row = n == 0 ? 0 : rows.values.size() / n;
  const std::int64_t bytes = row * static_cast<std::int64_t>(itemsize(to.dtype()));
  const auto* index = host_read("IndexedSlices", rows.indices).data<std::int64_t>();
  const std::byte* const values = host_read("IndexedSlices", rows.values).bytes();
  std::byte* const elements = host_write("IndexedSlices", to).bytes();
  for (std::int64_t i = 0; i < n; ++i) {
    kernels::add_in_place(to.dtype(), elements + index[i] * bytes, values + i * bytes, row, /*subtract=*/false);
  }
}

/// a + b if one of them is sparse, not recorded; empty for two ordinary tensors. Repeated rows are added first. So the
/// sums have the same bits as those of dense gradients, which function() uses in a trace.
Tensor accumulate_slices(const Tensor& a, const Tensor& b) {
  const auto slices_a = indexed_slices(a), slices_b = indexed_slices(b);
  if (slices_a && slices_b) return concatenated(combined(*slices_a), combined(*slices_b));
  if (!slices_a && !slices_b) return {};
  const Tensor& dense = slices_a ? b : a;
  const Tensor sum = is_unique(dense) ? dense : copy(dense);
  const Write elements = host_write("IndexedSlices", sum);
  kernels::add_zero_in_place(sum.dtype(), elements.bytes(), sum.size());
  add_rows(sum, combined(slices_a ? *slices_a : *slices_b));
  return sum;
}

}  // namespace

Tensor accumulate(Tensor a, Tensor b) {
  if (!is_recording() && (is_sparse(*a.impl()) || is_sparse(*b.impl()))) return accumulate_slices(a, b);
  const auto add_to = [](Read other, Write to) {
    kernels::add_in_place(to.dtype(), to.bytes(), other.bytes(), to.size(), /*subtract=*/false);
  };
  if (!is_recording() && thread_state.tracer == nullptr) {
    if (is_unique(a)) {
      launch(add_to, b, a);
      return a;
    }
    if (is_unique(b)) {
      launch(add_to, a, b);
      return b;
    }
  }
  Tensor sum = make_like(a, a.dtype());
  const kernels::Elementwise addition = kernels::addition(a.dtype());
  if (addition.loop != nullptr) {  // function() runs elementwise steps quicker than others
    launch_elementwise(addition, a, b, sum);
  } else {
    launch(
        [add_to](Read one, Read other, Write to) {
          std::memcpy(to.bytes(), one.bytes(), static_cast<std::size_t>(one.size_in_bytes()));
          add_to(other, to);
        },
        a, b, sum);
  }
  return record_elementwise("add", {a, b}, std::move(sum), [](const Tensor& dy) { return Grads{dy, dy}; });
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  const int missing = to.rank() - from.rank();
  if (missing < 0) return false;
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != 1 && from[axis] != to[axis + missing]) return false;
  }
  return true;
}

Tensor sum_to(const Tensor& t, const Shape& shape) {
  if (t.shape() == shape) return t;
  const int missing = t.rank() - shape.rank();
  const auto reduced = [&](int axis) { return axis < missing || (shape[axis - missing] == 1 && t.shape()[axis] != 1); };
  Tensor sum = reduce_axes(&kernels::reduce_sum, t, reduced, "sum_to");
  return record(
      "sum_to", {t}, sum.shape() == shape ? std::move(sum) : make_view(sum, shape),
      [&] { return [from = t.shape()](const Tensor& dy) { return Grads{broadcast(dy, from)}; }; },
      [&](const Tensor& tangent) { return sum_to(tangent, shape); });
}

Tensor broadcast(const Tensor& t, const Shape& shape) {
  if (t.shape() == shape) return t;
  Tensor out = make_tensor(shape, t.dtype());
  launch([](Read from,
            Write to) { kernels::broadcast_copy(from.dtype(), from.bytes(), from.shape(), to.bytes(), to.shape()); },
         t, out);
  return record(
      "broadcast_to", {t}, out, [&] { return [to = t.shape()](const Tensor& dy) { return Grads{sum_to(dy, to)}; }; },
      [&](const Tensor& tangent) { return broadcast(tangent, shape); });
}

}  // namespace xtape::detail
