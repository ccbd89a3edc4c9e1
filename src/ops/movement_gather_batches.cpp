#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {

Tensor gather(const Tensor& x, const Tensor& indices, int axis_, int batch_dims) {
  XTAPE_NOTE(gather, x, indices, axis_, batch_dims);
  using detail::fail;
  if (batch_dims == 0) return gather(x, indices, axis_);
  const char* op = "gather";
  detail::expect_integer(op, indices.dtype(), "integer indices");
  const int axis = detail::normal_axis(op, axis_, x.rank());
  if (batch_dims < 0 || batch_dims > axis || batch_dims > indices.rank()) {
    fail<ValueError>(op, "batch_dims must be at most the axis, {}, and the rank of the indices, {}: received {}", axis,
                     indices.rank(), batch_dims);
  }
  std::int64_t batches = 1, outer = 1, inner = 1;
  for (int i = 0; i < batch_dims; ++i) {
    if (indices.shape()[i] != x.shape()[i]) {
      fail<ValueError>(op, "the first {} axes must agree: {} and indices {}", batch_dims, x.shape(), indices.shape());
    }
    batches *= x.shape()[i];
  }
  for (int i = batch_dims; i < axis; ++i) outer *= x.shape()[i];
  for (int i = axis + 1; i < x.rank(); ++i) inner *= x.shape()[i];
  const std::int64_t count = x.shape()[axis], n = batches == 0 ? 0 : indices.size() / batches;

  // x as rows [batches * outer * count, inner], and the row number of each result.
  const Tensor rows = detail::make_tensor({batches, outer, n}, int64);
  detail::launch(
      detail::LaunchKind::throws,
      [=, shape = x.shape()](detail::Read wanted, detail::Write numbers) {
        const auto* index = wanted.data<std::int64_t>();
        auto* row = numbers.data<std::int64_t>();
        for (std::int64_t b = 0; b < batches; ++b, index += n) {
          for (std::int64_t i = 0; i < n; ++i) {
            if (index[i] < 0 || index[i] >= count) {
              fail<IndexError>(op, "index {} at position {} is outside axis {} of shape {}", index[i], b * n + i, axis,
                               shape);
            }
          }
          for (std::int64_t o = 0; o < outer; ++o) {
            for (std::int64_t i = 0; i < n; ++i) *row++ = (b * outer + o) * count + index[i];
          }
        }
      },
      detail::convert(indices, int64), rows);
  detail::PoolVector<std::int64_t> sizes(x.shape().begin(), x.shape().begin() + axis);
  sizes.insert(sizes.end(), indices.shape().begin() + batch_dims, indices.shape().end());
  sizes.insert(sizes.end(), x.shape().begin() + axis + 1, x.shape().end());
  return reshape(gather(reshape(x, {batches * outer * count, inner}), rows), Shape(sizes));
}

}  // namespace xtape
