#pragma once

#include "base/pool.hpp"
#include "core/element_access.hpp"
#include "core/trace.hpp"
#include "xtape/core/tensor.hpp"

// How the result of an op comes about, for inlining where ops on few elements spend their time.
namespace xtape::detail {

// The elements follow the description: at the next cache line, or directly where a scalar fits into the last one.
static_assert(sizeof(TensorImpl) <= 112 && sizeof(TensorImpl) % 8 == 0);
inline constexpr std::size_t header = 128;
constexpr std::size_t offset_of_elements(std::size_t bytes) {
  return sizeof(TensorImpl) + bytes <= header ? sizeof(TensorImpl) : header;
}

/// make_in_block() where the thread has no block of that size, a tracer follows, or the shape is a long one.
Tensor make_slowly(const Shape& shape, DType dtype, std::int64_t numel, const char* op);

/// A new tensor in a block of that size, its elements at that offset. On the usual way there are no calls, so that
/// nothing has to be saved on the stack.
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

/// The same for that many bytes of elements.
[[gnu::always_inline]] inline Tensor make_of_bytes(const Shape& shape, DType dtype, std::int64_t numel,
                                                   std::size_t bytes, const char* op) {
  const std::size_t offset = offset_of_elements(bytes);
  return make_in_block(shape, dtype, numel, class_of(offset + bytes), offset, op);
}

/// make_like().
inline Tensor fast_make_like(const TensorImpl& model, DType dtype, const char* op = __builtin_FUNCTION()) {
  const std::byte* const elements = ElementAccess::of_dense(model);
  if (dtype == model.dtype && model.owner == &model && elements != nullptr) [[likely]] {  // a block like the model's
    const auto offset = static_cast<std::size_t>(elements - reinterpret_cast<const std::byte*>(&model));
    return make_in_block(model.shape, dtype, model.numel, {0, model.size_class}, offset, op);
  }
  return make_of_bytes(model.shape, dtype, model.numel, static_cast<std::size_t>(model.numel) * itemsize(dtype), op);
}

}  // namespace xtape::detail
