#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"

// Joins rows of derivatives into one tensor. A pair of ops, each the gradient of the other, so that outer tapes and
// tracers see it.
namespace xtape::detail {

/// Joins n tensors of the same shape and dtype into one of `shape`, with n times as many elements. Each tensor is cut
/// into `outer` pieces. The result has the first pieces of all tensors, then the second pieces, and so on. With `outer`
/// 1 it is a concatenation.
Tensor interleaved(std::span<const Tensor> parts, std::int64_t outer, const Shape& shape);

/// Copies part k of n, an array of `size` elements, to its positions in `whole`.
void place_part(DType dtype, const std::byte* part, std::int64_t size, std::int64_t outer, std::size_t k, std::size_t n,
                std::byte* whole);

/// The inverse of interleaved(): `count` tensors of `shape`.
Tensors deinterleaved(const Tensor& whole, std::int64_t outer, std::size_t count, const Shape& shape);

}  // namespace xtape::detail
