#pragma once

#include "base/pool.hpp"
#include "core/element_access.hpp"
#include "core/trace.hpp"
#include "xtape/core/tensor.hpp"

// How the results of ops are made, inlined because it takes much of the time of ops on few elements.
namespace xtape::detail {

// The elements follow the TensorImpl: at the next cache line, or directly after it if a scalar fits into its last line.
static_assert(sizeof(TensorImpl) <= 112 && sizeof(TensorImpl) % 8 == 0);
inline constexpr std::size_t header = 128;
constexpr std::size_t offset_of_elements(std::size_t bytes) {
  return sizeof(TensorImpl) + bytes <= header ? sizeof(TensorImpl) : header;
}

/// make_in_block() for the cases in which the thread has no block of that size, a tracer is active, or the shape has
/// more than max_inline_rank axes.
Tensor make_slowly(const Shape& shape, DType dtype, std::int64_t numel, const char* op);

/// A new tensor in a block of this size, with its elements at this offset. The fast path makes no calls, so that no
/// registers have to be saved on the stack.
[[gnu::always_inline]] inline Tensor make_in_block(const Shape& shape, DType dtype, std::int64_t numel, SizeClass size,
                                                   std::size_t offset, const char* op) {
  if (thread_state.tracer != nullptr || shape.rank() > Shape::max_inline_rank) [[unlikely]]
    return make_slowly(shape, dtype, numel, op);
  void* const block = cached_block(size);
  if (block == nullptr) [[unlikely]]
    return make_slowly(shape, dtype, numel, op);
  return Tensor::adopt(
      new (block) TensorImpl(dtype, numel, static_cast<std::byte*>(block) + offset, size.index, Shape::Few{}, shape));
}

/// The same for this many bytes of elements.
[[gnu::always_inline]] inline Tensor make_of_bytes(const Shape& shape, DType dtype, std::int64_t numel,
                                                   std::size_t bytes, const char* op) {
  const std::size_t offset = offset_of_elements(bytes);
  return make_in_block(shape, dtype, numel, class_of(offset + bytes), offset, op);
}

/// make_like().
inline Tensor fast_make_like(const TensorImpl& model, DType dtype, const char* op = __builtin_FUNCTION()) {
  const std::byte* const elements = ElementAccess::of_dense(model);
  if (dtype == model.dtype && model.owner == &model && elements != nullptr)
      [[likely]] {  // the same size and layout of the block
    const auto offset = static_cast<std::size_t>(elements - reinterpret_cast<const std::byte*>(&model));
    return make_in_block(model.shape, dtype, model.numel, {0, model.size_class}, offset, op);
  }
  return make_of_bytes(model.shape, dtype, model.numel, static_cast<std::size_t>(model.numel) * itemsize(dtype), op);
}

}  // namespace xtape::detail
