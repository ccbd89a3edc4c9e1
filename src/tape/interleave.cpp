#include "tape/interleave.hpp"

#include <cstring>

#include "core/fill.hpp"
#include "core/launch.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {
namespace {

/// copy(where in the whole, where in the part, how many bytes) for each piece of part number k of n.
template <class Copy>
void for_pieces(std::int64_t bytes_of_part, std::int64_t outer, std::size_t k, std::size_t n, const Copy& copy) {
  if (bytes_of_part == 0) return;
  const auto bytes = static_cast<std::size_t>(bytes_of_part / outer);
  for (std::size_t o = 0; o < static_cast<std::size_t>(outer); ++o) copy((o * n + k) * bytes, o * bytes, bytes);
}

}  // namespace

void place_part(const std::byte* part, std::int64_t bytes_of_part, std::int64_t outer, std::size_t k, std::size_t n,
                std::byte* whole) {
  for_pieces(bytes_of_part, outer, k, n, [&](std::size_t in_whole, std::size_t in_part, std::size_t bytes) {
    std::memcpy(whole + in_whole, part + in_part, bytes);
  });
}

Tensor interleaved(std::span<const Tensor> parts, std::int64_t outer, const Shape& shape) {
  Tensor whole = make_tensor(shape, parts[0].dtype());
  PoolVector<const Tensor*> operands;
  for (const auto& part : parts) operands.push_back(&part);
  operands.push_back(&whole);
  launch_list(
      [outer](const Reads& from, const Writes& to) {
        for (std::size_t k = 0; k < from.size(); ++k) {
          place_part(from[k].bytes(), from[k].size_in_bytes(), outer, k, from.size(), to[0].bytes());
        }
      },
      operands, 1);
  return record("interleave", parts, std::move(whole), [&] {
    return [outer, count = parts.size(), part = parts[0].shape()](const Tensor& dy) {
      Grads grads;
      for (auto& gradient : deinterleaved(dy, outer, count, part)) grads.push_back(gradient);
      return grads;
    };
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
          const std::byte* const whole = from[0].bytes();
          std::byte* const part = to[k].bytes();
          for_pieces(to[k].size_in_bytes(), outer, k, to.size(),
                     [&](std::size_t in_whole, std::size_t in_part, std::size_t bytes) {
                       std::memcpy(part + in_part, whole + in_whole, bytes);
                     });
        }
      },
      operands, count);
  record("deinterleave", {whole}, std::span<Tensor>(parts), [&] {
    return [outer, shape, whole_shape = whole.shape(), dtype = whole.dtype()](std::span<const Tensor> dys) {
      Tensors defined(dys.begin(), dys.end());
      for (auto& dy : defined) {
        if (!dy.defined()) dy = filled(shape, dtype, 0);
      }
      return Grads{interleaved(defined, outer, whole_shape)};
    };
  });
  return parts;
}

}  // namespace xtape::detail
