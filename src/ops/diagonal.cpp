#include "xtape/ops/diagonal.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "base/sizes.hpp"
#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/stream.hpp"
#include "kernels/strided.hpp"
#include "ops/forward_rules.hpp"
#include "ops/strided_window.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::linalg {
namespace {

using detail::fail;
using detail::StridedWindow;

void check_matrix(const char* op, const Shape& shape) {
  if (shape.rank() < 2) fail<ValueError>(op, "expected a tensor of rank 2 or more: received shape {}", shape);
}

/// The window of the diagonal k in matrices of this shape; k must be inside.
StridedWindow diagonal_of(const char* op, const Shape& shape, std::int64_t k) {
  const int rank = shape.rank();
  const std::int64_t rows = shape[rank - 2], columns = shape[rank - 1];
  const std::int64_t count = std::min(k < 0 ? rows + k : rows, k > 0 ? columns - k : columns);
  const Shape whole = kernels::contiguous_strides(shape);
  const auto axes = static_cast<std::size_t>(rank - 1);
  Shape sizes(std::span<const std::int64_t>(shape.begin(), axes)), strides(std::span(whole.begin(), axes));
  sizes[rank - 2] = count;
  strides[rank - 2] = columns + 1;
  return {.op = op, .shape = sizes, .strides = strides, .offset = k < 0 ? -k * columns : k, .whole = shape};
}

}  // namespace

Tensor matrix_transpose(const Tensor& x) {
  XTAPE_NOTE(linalg::matrix_transpose, x);
  check_matrix("linalg.matrix_transpose", x.shape());
  return swapaxes(x, -1, -2);
}

Tensor diag(const Tensor& x, std::int64_t k) {
  XTAPE_NOTE(linalg::diag, x, k);
  if (x.rank() < 1) fail<ValueError>("linalg.diag", "expected a tensor of rank 1 or more: received shape ()");
  detail::PoolVector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  constexpr std::int64_t max_offset = std::int64_t{1} << 32;  // larger matrices do not fit into memory
  if (k < -max_offset || k > max_offset) fail<ValueError>("linalg.diag", "the diagonal {} is too far off", k);
  sizes.back() += k < 0 ? -k : k;
  sizes.push_back(sizes.back());
  const Shape shape(sizes);
  detail::checked_numel("linalg.diag", shape);
  return detail::fill_window("diag", x, diagonal_of("diag_part", shape, k));
}

Tensor diag_part(const Tensor& x, std::int64_t k) {
  XTAPE_NOTE(linalg::diag_part, x, k);
  check_matrix("linalg.diag_part", x.shape());
  const std::int64_t rows = x.shape(-2), columns = x.shape(-1);
  if (k != 0 && (k <= -rows || k >= columns)) {
    fail<ValueError>("linalg.diag_part", "there is no diagonal {} in shape {}", k, x.shape());
  }
  return detail::read_window(x, diagonal_of("diag_part", x.shape(), k));
}

Tensor set_diag(const Tensor& x, const Tensor& diagonal) {
  XTAPE_NOTE(linalg::set_diag, x, diagonal);
  const char* op = "linalg.set_diag";
  check_matrix(op, x.shape());
  detail::expect_same_dtype(op, x.dtype(), diagonal.dtype());
  const StridedWindow window = diagonal_of("diag_part", x.shape(), 0);
  if (diagonal.shape() != window.shape) {
    fail<ValueError>(op, "expected a diagonal of shape {} for {}: received {}", window.shape, x.shape(),
                     diagonal.shape());
  }
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  detail::launch(
      [window](detail::Read from, detail::Read elements, detail::Write to) {
        kernels::copy_bytes(to.bytes(), from.bytes(), from.size_in_bytes());
        if (elements.size() > 0) {
          kernels::strided_store(to.dtype(), window.shape, elements.bytes(), to.bytes(), window.strides);
        }
      },
      x, diagonal, y);
  return record(
      "set_diag", {x, diagonal}, std::move(y),
      [&] {
        return [shape = window.shape](const Tensor& dy, Needs need) {
          return Grads{need[0] ? set_diag(dy, detail::filled(shape, dy.dtype(), 0)) : Tensor(),
                       need[1] ? diag_part(dy) : Tensor()};
        };
      },
      [&](Tangents t) { return set_diag(detail::or_zeros_like(t[0], x), detail::or_zeros_like(t[1], diagonal)); });
}

Tensor trace(const Tensor& x) {
  XTAPE_NOTE(linalg::trace, x);
  check_matrix("linalg.trace", x.shape());
  return reduce_sum(diag_part(x), -1);
}

Tensor band_part(const Tensor& x, std::int64_t lower, std::int64_t upper) {
  XTAPE_NOTE(linalg::band_part, x, lower, upper);
  constexpr std::int64_t far = std::int64_t{1} << 62;
  return detail::keep_band("linalg.band_part", x, lower < 0 ? -far : -lower, upper < 0 ? far : upper);
}

}  // namespace xtape::linalg
