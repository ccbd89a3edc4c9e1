#include "ops/elementwise.hpp"

#include "base/dtype_errors.hpp"
#include "core/element_access.hpp"
#include "core/make_like.hpp"
#include "core/trace.hpp"

namespace xtape::detail {

void fail_domain(const char* op, Domain domain, DType received) {
  if (domain == Domain::floating) fail_floating(op, received, "a floating tensor");
  if (domain == Domain::integers) fail_integer(op, received, "an integer tensor");
  fail_numeric(op);
}

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int missing = out.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    std::int64_t& size = out[axis + missing];
    if (size == 1) {
      size = shorter[axis];
    } else if (shorter[axis] != 1 && shorter[axis] != size) {
      fail<ValueError>(op, "shapes do not broadcast: {} and {}", a, b);
    }
  }
  return out;
}

namespace {
/// The dtype of the tensor with which a plain number is combined. Throws if an integer dtype cannot hold the number: -1
/// would be 255 in uint8.
DType check_fits(const char* op, const Tensor& number, DType dtype) {
  const double value = weak_value(number);
  if ((dtype == uint8 && !(value >= 0 && value <= 255)) ||
      (dtype == int32 && !(value >= INT32_MIN && value <= INT32_MAX))) {
    fail<ValueError>(op, "the number {} does not fit the other operand's dtype {}", value, dtype);
  }
  return dtype;
}
}  // namespace

DType mixed_dtype(const char* op, const Tensor& a, const Tensor& b) {
  const DType x = a.dtype(), y = b.dtype();
  // A plain number takes the dtype of the other operand, unless it would lose its fraction.
  const auto adopts = [](const Tensor& number, DType other) {
    return number.impl()->weak && other != boolean && (is_floating(other) || !is_floating(number.dtype()));
  };
  if (adopts(a, y) && !b.impl()->weak) return check_fits(op, a, y);
  if (adopts(b, x) && !a.impl()->weak) return check_fits(op, b, x);
  if (a.impl()->weak && b.impl()->weak) {
    return is_floating(x) || (!is_floating(y) && itemsize(x) > itemsize(y)) ? x : y;
  }
  if (x == y) return x;
  fail_mixed(op, x, y);
}

namespace {

kernels::Elementwise with(const Mapping& mapping, const void* functor, DType dtype, std::size_t operands) {
  const auto bytes = static_cast<std::uint8_t>(itemsize(dtype));
  kernels::Elementwise f{mapping.loops[static_cast<std::size_t>(dtype)],
                         functor,
                         mapping.comparison ? std::uint8_t{1} : bytes,
                         {},
                         mapping.grain};
  for (std::size_t i = 0; i < operands; ++i) f.bytes[i] = bytes;
  return f;
}

/// For a dtype without a loop: bfloat16 is computed in float32, others throw a TypeError.
void check_bfloat16(const Mapping& mapping, const char* op, DType dtype) {
  if (dtype != bfloat16 || mapping.domain == Domain::integers) fail_domain(op, mapping.domain, dtype);
}
Tensor from_float32(const Mapping& mapping, const Tensor& y) { return mapping.comparison ? y : convert(y, bfloat16); }

/// Computes y from operands that broadcast to it, now and in every replay. Plain numbers become elements of `dtype`.
template <class... T>
void run_loop(const kernels::Elementwise& f, std::size_t functor_bytes, DType dtype, const Tensor& y, const T&... x) {
  if (to_be_run(x..., y)) [[likely]] {
    [&]<class... E>(const E&... elements) {
      kernels::run_elementwise(f, y.shape(), y.size(), ElementAccess::of(y), {{{elements.data(), &x.shape()}...}});
    }(Element(x, dtype)...);
  }
  if (thread_state.tracer != nullptr) [[unlikely]]
    trace_elementwise(f, functor_bytes, strong(x, dtype)..., y);
}

[[gnu::noinline]] Tensor map_any(const Mapping& mapping, const char* op, const void* functor, const Tensor& x) {
  const DType dtype = x.dtype();
  if (mapping.loops[static_cast<std::size_t>(dtype)] == nullptr) {
    check_bfloat16(mapping, op, dtype);
    return from_float32(mapping, map_unary(mapping, op, functor, convert(x, float32)));
  }
  const kernels::Elementwise f = with(mapping, functor, dtype, 1);
  Tensor y = make_like(x, mapping.comparison ? boolean : dtype, op);
  run_loop(f, mapping.f_bytes, dtype, y, x);
  return y;
}

constexpr std::int64_t one_by_one[] = {1, 1, 1};

/// For a small x and a `number` of one element, which is the second operand (x * 2) or the first (1 - x).
Tensor map_number(const Mapping& mapping, const char* op, const void* functor, const Tensor& x, const Tensor& number,
                  bool number_is_second) {
  const DType dtype = x.dtype();
  const Element element(number, dtype);
  alignas(64) std::byte splat[kernels::splat_bytes];
  kernels::make_splat(splat, element.data(), itemsize(dtype));
  Tensor y = fast_make_like(*x.impl(), mapping.comparison ? boolean : dtype, op);
  const void* in[] = {splat, splat};
  std::int64_t step[] = {0, 0};
  in[number_is_second ? 0 : 1] = ElementAccess::of(x);
  step[number_is_second ? 0 : 1] = 1;
  mapping.loops[static_cast<std::size_t>(dtype)](functor, x.impl()->numel, ElementAccess::of_dense(y), in, step);
  return y;
}

/// Whether map_number() can compute this pair, which has a common dtype.
bool is_number(const Mapping& mapping, const Tensor& x, const Tensor& number) {
  return number.impl()->numel == 1 && number.rank() <= x.rank() && !x.impl()->weak && x.impl()->numel < mapping.grain &&
         thread_state.tracer == nullptr;
}

/// Whether they are tensors of two different integer dtypes, neither of them a plain number.
bool two_integers(const Tensor& a, const Tensor& b) {
  return a.dtype() != b.dtype() && is_integer(a.dtype()) && is_integer(b.dtype()) && !a.impl()->weak && !b.impl()->weak;
}

[[gnu::noinline]] Tensor map_any(const Mapping& mapping, const char* op, const void* functor, const Tensor& a,
                                 const Tensor& b) {
  if (mapping.comparison && two_integers(a, b)) {  // all integer dtypes are exact in int64
    return map_binary(mapping, op, functor, convert(a, int64), convert(b, int64));
  }
  const DType dtype = common_dtype(op, a, b);
  if (mapping.loops[static_cast<std::size_t>(dtype)] == nullptr) {
    check_bfloat16(mapping, op, dtype);
    return from_float32(mapping, map_binary(mapping, op, functor, convert(a, float32), convert(b, float32)));
  }
  if (is_number(mapping, a, b)) return map_number(mapping, op, functor, a, b, /*number_is_second=*/true);
  if (is_number(mapping, b, a)) return map_number(mapping, op, functor, b, a, /*number_is_second=*/false);
  const DType of_results = mapping.comparison ? boolean : dtype;
  const kernels::Elementwise f = with(mapping, functor, dtype, 2);
  Tensor y = a.shape() == b.shape() ? make_like(a, of_results, op)
                                    : make_tensor(broadcast_shape(op, a.shape(), b.shape()), of_results, op);
  run_loop(f, mapping.f_bytes, dtype, y, a, b);
  return y;
}

}  // namespace

// Small operands of the same shape run the loop directly, without broadcasting and threads.

Tensor map_unary(const Mapping& mapping, const char* op, const void* f, const Tensor& x) {
  TensorImpl* const p = x.impl();
  if (p == nullptr || p->numel >= mapping.grain || thread_state.tracer != nullptr) [[unlikely]]
    return map_any(mapping, op, f, x);
  const kernels::ElementwiseLoop loop = mapping.loops[static_cast<std::size_t>(p->dtype)];
  if (loop == nullptr) [[unlikely]]
    return map_any(mapping, op, f, x);
  Tensor y = fast_make_like(*p, mapping.comparison ? boolean : p->dtype, op);
  const void* const in[] = {ElementAccess::of(*p)};
  loop(f, p->numel, ElementAccess::of_dense(y), in, one_by_one);
  return y;
}

Tensor map_binary(const Mapping& mapping, const char* op, const void* f, const Tensor& a, const Tensor& b) {
  TensorImpl *const p = a.impl(), *const q = b.impl();
  if (p == nullptr || q == nullptr || p->dtype != q->dtype || p->weak || q->weak || p->numel >= mapping.grain ||
      p->shape != q->shape || thread_state.tracer != nullptr) [[unlikely]]
    return map_any(mapping, op, f, a, b);
  const kernels::ElementwiseLoop loop = mapping.loops[static_cast<std::size_t>(p->dtype)];
  if (loop == nullptr) [[unlikely]]
    return map_any(mapping, op, f, a, b);
  Tensor y = fast_make_like(*p, mapping.comparison ? boolean : p->dtype, op);
  const void* const in[] = {ElementAccess::of(*p), ElementAccess::of(*q)};
  loop(f, p->numel, ElementAccess::of_dense(y), in, one_by_one);
  return y;
}

Tensor map_ternary(const Mapping& mapping, const char* op, const void* functor, const Tensor& a, const Tensor& b,
                   const Tensor& c) {
  const DType dtype = a.dtype();
  if (mapping.loops[static_cast<std::size_t>(dtype)] == nullptr) {
    check_bfloat16(mapping, op, dtype);
    const Tensor y = map_ternary(mapping, op, functor, convert(a, float32), convert(b, float32), convert(c, float32));
    return convert(y, bfloat16);
  }
  Tensor y = make_like(a, dtype, op);
  const kernels::Elementwise f = with(mapping, functor, dtype, 3);
  run_loop(f, mapping.f_bytes, dtype, y, a, b, c);
  return y;
}

void run_loop(const kernels::Elementwise& f, DType dtype, const Tensor& a, const Tensor& b, const Tensor& c,
              const Tensor& y) {
  run_loop(f, 0, dtype, y, a, b, c);
}

}  // namespace xtape::detail
