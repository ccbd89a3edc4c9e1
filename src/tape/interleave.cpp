#include "tape/interleave.hpp"

#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/strided.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {
namespace {

/// The positions of part k of n in the whole: `outer` rows of `piece` elements.
struct Place {
  Place(std::int64_t size, std::int64_t outer, std::size_t k, std::size_t n)
      : piece(size / outer),
        begin(static_cast<std::int64_t>(k) * piece),
        shape{outer, piece},
        strides{static_cast<std::int64_t>(n) * piece, 1} {}
  std::int64_t piece, begin;
  Shape shape, strides;
};

std::int64_t bytes(DType dtype, std::int64_t elements) { return elements * static_cast<std::int64_t>(itemsize(dtype)); }

}  // namespace

void place_part(DType dtype, const std::byte* part, std::int64_t size, std::int64_t outer, std::size_t k, std::size_t n,
                std::byte* whole) {
  if (size == 0) return;
  const Place at(size, outer, k, n);
  kernels::strided_store(dtype, at.shape, part, whole + bytes(dtype, at.begin), at.strides);
}

Tensor interleaved(std::span<const Tensor> parts, std::int64_t outer, const Shape& shape) {
  Tensor whole = make_tensor(shape, parts[0].dtype());
  PoolVector<const Tensor*> operands;
  for (const auto& part : parts) operands.push_back(&part);
  operands.push_back(&whole);
  launch_list(
      [outer](const Reads& from, const Writes& to) {
        for (std::size_t k = 0; k < from.size(); ++k) {
          place_part(from[k].dtype(), from[k].bytes(), from[k].size(), outer, k, from.size(), to[0].bytes());
        }
      },
      operands, 1);
  return record(
      "interleave", parts, std::move(whole),
      [&] {
        return [outer, count = parts.size(), part = parts[0].shape()](const Tensor& dy) {
          Grads grads;
          for (auto& gradient : deinterleaved(dy, outer, count, part)) grads.push_back(gradient);
          return grads;
        };
      },
      [&](Tangents tangents) {
        Tensors moving(tangents.begin(), tangents.end());
        for (auto& t : moving) {
          if (!t.defined()) t = filled(parts[0].shape(), parts[0].dtype(), 0);
        }
        return interleaved(moving, outer, shape);
      });
}

Tensors deinterleaved(const Tensor& whole, std::int64_t outer, std::size_t count, const Shape& shape) {
  Tensors parts;
  for (std::size_t k = 0; k < count; ++k) parts.push_back(make_tensor(shape, whole.dtype()));
  PoolVector<const Tensor*> operands{&whole};
  for (const auto& part : parts) operands.push_back(&part);
  launch_list(
      [outer](const Reads& from, const Writes& to) {
        for (std::size_t k = 0; k < to.size(); ++k) {
          if (to[k].size() == 0) continue;
          const Place at(to[k].size(), outer, k, to.size());
          const DType dtype = to[k].dtype();
          kernels::strided_copy(dtype, at.shape, from[0].bytes() + bytes(dtype, at.begin), at.strides, to[k].bytes());
        }
      },
      operands, count);
  record(
      "deinterleave", {whole}, std::span<Tensor>(parts),
      [&] {
        return [outer, shape, whole_shape = whole.shape(), dtype = whole.dtype()](std::span<const Tensor> dys) {
          Tensors defined(dys.begin(), dys.end());
          for (auto& dy : defined) {
            if (!dy.defined()) dy = filled(shape, dtype, 0);
          }
          return Grads{interleaved(defined, outer, whole_shape)};
        };
      },
      [&](Tangents tangents) { return deinterleaved(tangents[0], outer, count, shape); });
  return parts;
}

}  // namespace xtape::detail
