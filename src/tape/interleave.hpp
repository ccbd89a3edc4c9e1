#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"

// How rows of derivatives become one tensor, as a pair of ops that are each other's gradients, so that an outer tape
// and a tracer see it.
namespace xtape::detail {

/// n tensors of one shape and dtype as one of `shape`, which has n times as many elements: each is cut into `outer`
/// pieces, and the first pieces of all come first, in their order, then the second ones, and so on. With `outer` 1 they
/// stand after one another.
Tensor interleaved(std::span<const Tensor> parts, std::int64_t outer, const Shape& shape);

/// Copies part number k of n, an array of `size` elements, to its place in a whole.
void place_part(DType dtype, const std::byte* part, std::int64_t size, std::int64_t outer, std::size_t k, std::size_t n,
                std::byte* whole);

/// The inverse of interleaved(): `count` tensors of `shape`.
Tensors deinterleaved(const Tensor& whole, std::int64_t outer, std::size_t count, const Shape& shape);

}  // namespace xtape::detail
