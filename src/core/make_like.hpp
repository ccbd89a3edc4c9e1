#pragma once

#include "core/pool.hpp"
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

/// A new tensor where the thread has no block of that size, a tracer follows, or the shape is a long one.
Tensor make_slowly(const Shape& shape, DType dtype, std::int64_t numel);

/// make_like(); on the usual way there are no calls, so that nothing has to be saved on the stack.
inline Tensor fast_make_like(const TensorImpl& model, DType dtype) {
  if (tracer != nullptr || model.shape.rank() > Shape::max_inline_rank) [[unlikely]]
    return make_slowly(model.shape, dtype, model.numel);
  SizeClass size{0, model.size_class};
  std::size_t offset;
  if (dtype == model.dtype && model.owner == &model && !model.sparse) [[likely]] {  // a block like the model's
    offset = static_cast<std::size_t>(model.elements.load(std::memory_order_relaxed) -
                                      reinterpret_cast<const std::byte*>(&model));
  } else {
    const std::size_t bytes = static_cast<std::size_t>(model.numel) * itemsize(dtype);
    offset = offset_of_elements(bytes);
    size = class_of(offset + bytes);
  }
  void* const block = cached_block(size);
  if (block == nullptr) [[unlikely]]
    return make_slowly(model.shape, dtype, model.numel);
  return Tensor::adopt(new (block) TensorImpl(dtype, model.numel, static_cast<std::byte*>(block) + offset, size.index,
                                              Shape::Few{}, model.shape));
}

}  // namespace xtape::detail
