#include "ops/contraction.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace detail {
namespace {

bool contains(const std::vector<int>& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

std::vector<int> operator+(std::vector<int> a, const std::vector<int>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The sizes of the axes of x with these labels.
std::vector<std::int64_t> sizes_of(const Labelled& x, const std::vector<int>& labels) {
  std::vector<std::int64_t> sizes;
  for (const int label : labels) {
    const auto at = std::find(x.labels.begin(), x.labels.end(), label) - x.labels.begin();
    sizes.push_back(x.tensor.shape()[static_cast<int>(at)]);
  }
  return sizes;
}

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t n = 1;
  for (const auto size : sizes) n *= size;
  return n;
}

template <class... Sizes>
Shape joined(const Sizes&... parts) {
  std::vector<std::int64_t> all;
  (all.insert(all.end(), parts.begin(), parts.end()), ...);
  return Shape(all);
}

/// One operand with its groups of labels as three axes [batch, first, second], or [batch, second, first] (`transposed`)
/// if this saves a copy. Without batch labels there is no batch axis.
struct Matrices {
  Tensor tensor;
  bool transposed;
};
Matrices as_matrices(const Labelled& x, const std::vector<int>& batch, const std::vector<int>& first,
                     const std::vector<int>& second) {
  const bool transposed = x.labels != batch + first + second && x.labels == batch + second + first;
  const auto& rows = transposed ? second : first;
  const auto& columns = transposed ? first : second;
  const std::int64_t m = product(sizes_of(x, rows)), n = product(sizes_of(x, columns));
  const Tensor moved = ordered(x, batch + rows + columns);
  return {batch.empty() ? reshape(moved, {m, n}) : reshape(moved, {product(sizes_of(x, batch)), m, n}), transposed};
}

}  // namespace

Tensor ordered(const Labelled& x, const std::vector<int>& labels) {
  if (x.labels == labels) return x.tensor;
  std::vector<int> permutation;
  for (const int label : labels) {
    permutation.push_back(static_cast<int>(std::find(x.labels.begin(), x.labels.end(), label) - x.labels.begin()));
  }
  return transpose(x.tensor, permutation);
}

Labelled contract(const Labelled& a, const Labelled& b, const std::vector<int>& keep) {
  std::vector<int> batch, sum, free_a, free_b;
  for (const int label : a.labels) {
    (!contains(b.labels, label) ? free_a : contains(keep, label) ? batch : sum).push_back(label);
  }
  for (const int label : b.labels) {
    if (!contains(a.labels, label)) free_b.push_back(label);
  }
  const auto batch_sizes = sizes_of(a, batch), sizes_a = sizes_of(a, free_a), sizes_b = sizes_of(b, free_b),
             summed = sizes_of(a, sum);
  const Shape shape = joined(batch_sizes, sizes_a, sizes_b);
  std::vector<int> labels = batch + free_a + free_b;
  const std::vector<std::int64_t> ones_a(free_a.size(), 1), ones_b(free_b.size(), 1);
  if (sum.empty()) {
    const Tensor left = reshape(ordered(a, batch + free_a), joined(batch_sizes, sizes_a, ones_b));
    return {left * reshape(ordered(b, batch + free_b), joined(batch_sizes, ones_a, sizes_b)), labels};
  }
  if (!is_floating(a.tensor.dtype())) {
    const std::vector<std::int64_t> count{product(summed)};
    const Tensor left = reshape(ordered(a, batch + free_a + sum), joined(batch_sizes, sizes_a, ones_b, count));
    const Tensor right = reshape(ordered(b, batch + free_b + sum), joined(batch_sizes, ones_a, sizes_b, count));
    return {reduce_sum(left * right, -1), labels};
  }
  const Matrices left = as_matrices(a, batch, free_a, sum), right = as_matrices(b, batch, sum, free_b);
  const Tensor y = matmul(left.tensor, right.tensor, {.transpose_a = left.transposed, .transpose_b = right.transposed});
  return {reshape(y, shape), labels};
}

namespace {

void check_dtypes(const char* op, const Tensor& a, const Tensor& b) {
  detail::expect_same_dtype(op, a.dtype(), b.dtype());
}

Tensor tensordot_as(const char* op, const Tensor& a, const Tensor& b, const std::vector<int>& axes_a,
                    const std::vector<int>& axes_b) {
  check_dtypes(op, a, b);
  if (axes_a.size() != axes_b.size()) {
    fail<ValueError>(op, "expected as many axes of a as of b: received {} and {}", axes_a.size(), axes_b.size());
  }
  Labelled left{a, {}}, right{b, {}};
  for (int axis = 0; axis < a.rank(); ++axis) left.labels.push_back(axis);
  for (int axis = 0; axis < b.rank(); ++axis) right.labels.push_back(a.rank() + axis);
  std::vector<int> seen;
  for (std::size_t i = 0; i < axes_a.size(); ++i) {
    const int p = normal_axis(op, axes_a[i], a.rank()), q = normal_axis(op, axes_b[i], b.rank());
    if (contains(seen, p) || right.labels[static_cast<std::size_t>(q)] < a.rank()) {
      fail<ValueError>(op, "an axis is named twice: [{}] and [{}]", fmt::join(axes_a, ", "), fmt::join(axes_b, ", "));
    }
    if (a.shape()[p] != b.shape()[q]) {
      fail<ValueError>(op, "axis {} of shape {} and axis {} of shape {} differ", p, a.shape(), q, b.shape());
    }
    seen.push_back(p);
    right.labels[static_cast<std::size_t>(q)] = p;
  }
  return contract(left, right, {}).tensor;
}

}  // namespace
}  // namespace detail

Tensor tensordot(const Tensor& a, const Tensor& b, const std::pair<std::vector<int>, std::vector<int>>& axes) {
  XTAPE_NOTE(tensordot, a, b, axes);
  return detail::tensordot_as("tensordot", a, b, axes.first, axes.second);
}

Tensor tensordot(const Tensor& a, const Tensor& b, int axes) {
  XTAPE_NOTE(tensordot, a, b, axes);
  if (axes < 0 || axes > a.rank() || axes > b.rank()) {
    detail::fail<ValueError>("tensordot", "there are no {} axes to sum over: {} and {}", axes, a.shape(), b.shape());
  }
  std::vector<int> last, first;
  for (int i = 0; i < axes; ++i) {
    last.push_back(a.rank() - axes + i);
    first.push_back(i);
  }
  return detail::tensordot_as("tensordot", a, b, last, first);
}

Tensor dot(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(dot, a, b);
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  return detail::tensordot_as("dot", a, b, {-1}, {b.rank() == 1 ? 0 : -2});
}

Tensor outer(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(outer, a, b);
  return detail::tensordot_as("outer", a, b, {}, {});
}

Tensor inner(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(inner, a, b);
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  return detail::tensordot_as("inner", a, b, {-1}, {-1});
}

Tensor cross(const Tensor& a, const Tensor& b, int axis) {
  XTAPE_NOTE(cross, a, b, axis);
  const auto element = [axis](const Tensor& t) {
    const int at = detail::normal_axis("cross", axis, t.rank());
    if (t.shape()[at] != 3) {
      detail::fail<ValueError>("cross", "expected vectors of three elements along axis {}, received shape {}", axis,
                               t.shape());
    }
    return unstack(t, at);
  };
  detail::check_dtypes("cross", a, b);
  const Tensors p = element(a), q = element(b);
  const Shape shape = detail::broadcast_shape("cross", a.shape(), b.shape());
  const Tensor parts[] = {p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]};
  return stack(std::vector<Tensor>(std::begin(parts), std::end(parts)),
               detail::normal_axis("cross", axis, shape.rank()));
}

Tensor kron(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(kron, a, b);
  detail::check_dtypes("kron", a, b);
  const int rank = std::max(a.rank(), b.rank());
  // Axes of a and b in turn: [m1, 1, m2, 1, ...] and [1, n1, 1, n2, ...].
  detail::PoolVector<std::int64_t> of_a, of_b, of_both;
  const auto size = [rank](const Tensor& t, int axis) {
    const int missing = rank - t.rank();
    return axis < missing ? 1 : t.shape()[axis - missing];
  };
  for (int axis = 0; axis < rank; ++axis) {
    of_a.insert(of_a.end(), {size(a, axis), 1});
    of_b.insert(of_b.end(), {1, size(b, axis)});
    of_both.push_back(detail::checked_product("kron", size(a, axis), size(b, axis)));
  }
  return reshape(reshape(a, Shape(of_a)) * reshape(b, Shape(of_b)), Shape(of_both));
}

Tensor linalg::matvec(const Tensor& a, const Tensor& b, MatvecOptions options) {
  XTAPE_NOTE(linalg::matvec, a, b, options);
  if (a.rank() < 2 || b.rank() < 1) {
    detail::fail<ValueError>("linalg.matvec", "expected [..., m, k] x [..., k]: {} x {}", a.shape(), b.shape());
  }
  return squeeze(matmul(a, expand_dims(b, -1), {.transpose_a = options.transpose_a}), -1);
}

}  // namespace xtape
