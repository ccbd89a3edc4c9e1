#include "xtape/core/tensor.hpp"

#include <atomic>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.hpp"
#include "base/sizes.hpp"
#include "core/element_access.hpp"
#include "core/make_like.hpp"
#include "core/trace.hpp"
#include "kernels/dispatch.hpp"
#include "xtape/core/provenance.hpp"

namespace xtape {
namespace detail {

Tracer::Tracer(bool runs_kernels) noexcept
    : number([] {
        static std::atomic<std::uint64_t> traces{0};
        return 1 + traces.fetch_add(1, std::memory_order_relaxed);
      }()),
      computes(runs_kernels) {}

std::uint64_t current_trace() noexcept { return thread_state.tracer == nullptr ? 0 : thread_state.tracer->number; }

namespace {

/// A new TensorImpl with room for this many bytes of elements.
[[gnu::always_inline]] inline TensorImpl* make_impl(std::size_t bytes, const Shape& shape, DType dtype,
                                                    std::int64_t numel, const char* op) {
  std::uint8_t size_class = 0;
  const std::size_t offset = offset_of_elements(bytes);
  auto* block = static_cast<std::byte*>(fast_allocate(offset + bytes, size_class, op, &shape, dtype));
  return new (block) TensorImpl(dtype, numel, block + offset, size_class, shape);
}

void forget_provenance(TensorImpl& impl) noexcept {
  Provenance* const known = std::exchange(impl.provenance, nullptr);
  const std::uint8_t size_class = known->size_class;
  known->~Provenance();
  fast_deallocate(known, size_class);
}

/// For a tensor that holds more than its block: a view, one with a provenance, one with a long shape.
[[gnu::noinline]] void destroy_slowly(TensorImpl* impl) noexcept {
  // A chain of owners has one link, and what a provenance holds leads no further, so the recursion is short.
  if (impl->provenance != nullptr) forget_provenance(*impl);
  if (impl->owner != impl) release(impl->owner);
  const std::uint8_t size_class = impl->size_class;
  impl->~TensorImpl();
  fast_deallocate(impl, size_class);
}

}  // namespace

void destroy(TensorImpl* impl) noexcept {
  if (impl->provenance != nullptr || impl->owner != impl || impl->shape.rank() > Shape::max_inline_rank) [[unlikely]]
    return destroy_slowly(impl);
  fast_deallocate(impl, impl->size_class);  // it needs no destructor
}

void set_provenance(TensorImpl& impl, Provenance provenance) {
  if (provenance.empty()) {
    if (impl.provenance != nullptr) forget_provenance(impl);
  } else if (impl.provenance != nullptr) {
    provenance.size_class = impl.provenance->size_class;
    *impl.provenance = std::move(provenance);
  } else {
    void* const block = fast_allocate(sizeof(Provenance), provenance.size_class, "Tensor");
    impl.provenance = new (block) Provenance(std::move(provenance));
  }
}

Tensor make_tensor(const Shape& shape, DType dtype, const char* op) {
  const std::int64_t numel = checked_numel("Tensor", shape);
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(numel, static_cast<std::int64_t>(itemsize(dtype)), &bytes)) {
    fail<ValueError>("Tensor", "sizes must not be negative and their product must fit: {} of {}", shape, dtype);
  }
  return make_of_bytes(shape, dtype, numel, static_cast<std::size_t>(bytes), op);
}

Tensor make_slowly(const Shape& shape, DType dtype, std::int64_t numel, const char* op) {
  const bool filled = thread_state.tracer == nullptr || thread_state.tracer->computes;
  TensorImpl* impl = make_impl(filled ? static_cast<std::size_t>(numel) * itemsize(dtype) : 0, shape, dtype, numel, op);
  if (!filled) ElementAccess::set(*impl, nullptr);
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->made(impl);
  return Tensor::adopt(impl);
}

void give_elements(TensorImpl& impl) {
  if (!ElementAccess::has_none(impl)) return;
  const Untraced for_real;
  const Tensor whole = make_tensor(impl.shape, impl.dtype);
  if (impl.owner != &impl) release(impl.owner);
  impl.owner = whole.impl();
  retain(impl.owner);
  ElementAccess::set(impl, ElementAccess::of(whole));
}

Tensor make_like(const Tensor& like, DType dtype, const char* op) { return fast_make_like(*like.impl(), dtype, op); }

Tensor make_view_as(const Tensor& source, const Shape& shape, DType dtype, std::int64_t bytes) {
  TensorImpl* from = source.impl();
  const bool none = ElementAccess::has_none(*from);
  std::byte* const begin = none ? nullptr : ElementAccess::of(*from);  // reading the elements may change the owner
  TensorImpl* impl = make_impl(0, shape, dtype, shape.numel(), "view");
  impl->owner = from->owner;
  retain(impl->owner);
  ElementAccess::set(*impl, none ? nullptr : begin + bytes);
  return Tensor::adopt(impl);
}

Tensor make_view(const Tensor& source, const Shape& shape, std::int64_t offset) {
  const auto bytes = offset * static_cast<std::int64_t>(itemsize(source.dtype()));
  Tensor view = make_view_as(source, shape, source.dtype(), bytes);
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->made_view(source.impl(), view.impl(), bytes);
  return view;
}

std::byte* elements_to_fill(const Tensor& made) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->host_written("an expression of xtensor", made.impl());
  return ElementAccess::of(made);
}

void check_dtype(const char* op, const TensorImpl* impl, DType wanted) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->host_read(op, impl);
  if (impl->dtype != wanted) fail<TypeError>(op, "the tensor is {}, not {}", impl->dtype, wanted);
}

namespace {
/// A tensor whose elements the host writes at once, even while kernels do not run.
Tensor make_filled(const Shape& shape, DType dtype) {
  Tensor made = make_tensor(shape, dtype);
  if (thread_state.tracer != nullptr) [[unlikely]]
    give_elements(*made.impl());
  return made;
}

// The number as it was written is stored after the single element of a plain number.
constexpr std::size_t exact_offset = 8;
void set_weak(const Tensor& t, double value) {
  t.impl()->weak = true;
  std::memcpy(ElementAccess::of(t) + exact_offset, &value, sizeof value);
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->made_constant(t);
}
}  // namespace

double weak_value(const Tensor& number) {
  double value = 0;
  std::memcpy(&value, ElementAccess::of(number) + exact_offset, sizeof value);
  return value;
}

}  // namespace detail

void Tensor::make_bool(bool value) {
  *this = detail::make_filled({}, boolean);
  *reinterpret_cast<bool*>(impl_->data()) = value;
  if (detail::thread_state.tracer != nullptr) [[unlikely]]
    detail::thread_state.tracer->made_constant(*this);
}

void Tensor::make_number(std::int64_t value) {
  *this = detail::make_filled({2}, int64);  // room for the element and the number as written
  impl_->shape = Shape{};
  impl_->numel = 1;
  const bool fits = value >= INT32_MIN && value <= INT32_MAX;
  impl_->dtype = fits ? int32 : int64;
  if (impl_->dtype == int64) {
    *reinterpret_cast<std::int64_t*>(impl_->data()) = value;
  } else {
    *reinterpret_cast<std::int32_t*>(impl_->data()) = static_cast<std::int32_t>(value);
  }
  detail::set_weak(*this, static_cast<double>(value));
}

void Tensor::make_number(double value) {
  *this = detail::make_filled({2}, float64);
  impl_->shape = Shape{};
  impl_->numel = 1;
  impl_->dtype = float32;
  *reinterpret_cast<float*>(impl_->data()) = static_cast<float>(value);
  detail::set_weak(*this, value);
}

bool Tensor::truth() const {
  constexpr const char* op = "Tensor.operator bool";
  if (detail::thread_state.tracer != nullptr) [[unlikely]]
    detail::thread_state.tracer->host_read(op, impl_);
  if (impl_->dtype != boolean) {
    detail::fail<TypeError>(op,
                            "a {} tensor of shape {} is neither true nor false: ask t.defined() whether there is a "
                            "tensor, or compare it, as in t != 0",
                            impl_->dtype, impl_->shape);
  }
  if (impl_->numel != 1) {
    detail::fail<ValueError>(op,
                             "the truth of a tensor of {} elements is ambiguous: use reduce_any or reduce_all (shape "
                             "{}; whether there is a tensor is asked by t.defined())",
                             impl_->numel, impl_->shape);
  }
  return *reinterpret_cast<const bool*>(impl_->data());
}

double Tensor::item_float() const {
  if (detail::thread_state.tracer != nullptr) [[unlikely]]
    detail::thread_state.tracer->host_read("Tensor.item", checked());
  if (checked()->numel != 1) {
    detail::fail<ValueError>("Tensor.item", "expected a tensor with one element: shape {}", impl_->shape);
  }
  return kernels::visit(impl_->dtype, [&]<class T>(kernels::Type<T>) {
    const T value = *reinterpret_cast<const T*>(impl_->data());
    if constexpr (std::is_same_v<T, BFloat16>) {
      return static_cast<double>(static_cast<float>(value));
    } else {
      return static_cast<double>(value);
    }
  });
}

std::int64_t Tensor::item_int(std::int64_t least, std::uint64_t largest) const {
  const double value = item_float();
  const bool exact = impl_->dtype == int64;
  if (exact || std::abs(value) < 0x1p63) {
    const auto number =
        exact ? *reinterpret_cast<const std::int64_t*>(impl_->data()) : static_cast<std::int64_t>(value);
    if (number >= least && (number < 0 || static_cast<std::uint64_t>(number) <= largest)) return number;
  }
  detail::fail<ValueError>("Tensor.item", "{} does not fit into the integer type asked for", value);
}

void Tensor::throw_too_large(std::uint64_t number) {
  detail::fail<ValueError>("Tensor", "the number {} does not fit into int64", number);
}

void Tensor::throw_empty() {
  detail::fail<ValueError>("Tensor",
                           "the tensor is empty (default-constructed, or the gradient of an unconnected source)");
}

}  // namespace xtape
