#include "xtape/ops/rearrange.hpp"

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {

Tensor rot90(const Tensor& x, int k, int axis1, int axis2) {
  XTAPE_NOTE(rot90, x, k, axis1, axis2);
  const int from = detail::normal_axis("rot90", axis1, x.rank()), to = detail::normal_axis("rot90", axis2, x.rank());
  if (from == to) detail::fail<ValueError>("rot90", "expected two axes, received {} twice", axis1);
  switch ((k % 4 + 4) % 4) {
    case 1:
      return swapaxes(reverse(x, {to}), from, to);
    case 2:
      return reverse(x, {from, to});
    case 3:
      return reverse(swapaxes(x, from, to), {to});
    default:
      return reshape(x, x.shape());
  }
}

namespace {

void check_blocks(const char* op, const Tensor& x, std::int64_t size, bool fits) {
  if (x.rank() != 4 || size < 1 || !fits) {
    detail::fail<ValueError>(op, "expected images [batch, height, width, channels] that blocks of {} x {} fit: {}",
                             size, size, x.shape());
  }
}

}  // namespace

Tensor nn::space_to_depth(const Tensor& x, std::int64_t block_size) {
  XTAPE_NOTE(nn::space_to_depth, x, block_size);
  const std::int64_t n = block_size;
  const Shape& shape = x.shape();
  check_blocks("space_to_depth", x, n, n >= 1 && x.rank() == 4 && shape[1] % n == 0 && shape[2] % n == 0);
  const std::int64_t rows = shape[1] / n, columns = shape[2] / n;
  const Tensor blocks = transpose(reshape(x, {shape[0], rows, n, columns, n, shape[3]}), {0, 1, 3, 2, 4, 5});
  return reshape(blocks, {shape[0], rows, columns, n * n * shape[3]});
}

Tensor nn::depth_to_space(const Tensor& x, std::int64_t block_size) {
  XTAPE_NOTE(nn::depth_to_space, x, block_size);
  const std::int64_t n = block_size;
  const Shape& shape = x.shape();
  constexpr std::int64_t largest = 1 << 30;  // whose square does not overflow
  check_blocks("depth_to_space", x, n, n >= 1 && n < largest && x.rank() == 4 && shape[3] % (n * n) == 0);
  const std::int64_t channels = shape[3] / (n * n);
  const Tensor pixels = transpose(reshape(x, {shape[0], shape[1], shape[2], n, n, channels}), {0, 1, 3, 2, 4, 5});
  return reshape(pixels, {shape[0], shape[1] * n, shape[2] * n, channels});
}

}  // namespace xtape
