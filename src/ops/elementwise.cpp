#include "ops/elementwise.hpp"

#include "core/trace.hpp"

namespace xtape::detail {

void fail_domain(const char* op, Domain domain, DType received) {
  fail<TypeError>(op, "expected a {} tensor, received {}", domain == Domain::floating ? "floating" : "numeric",
                  received);
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
/// The dtype of the tensor that a plain number is combined with, if an integer one can hold it: -1 would be 255 in
/// uint8.
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
  // A plain number takes the other's dtype, unless that would lose its fraction.
  const auto adopts = [](const Tensor& number, DType other) {
    return number.impl()->weak && other != boolean && (is_floating(other) || !is_floating(number.dtype()));
  };
  if (adopts(a, y) && !b.impl()->weak) return check_fits(op, a, y);
  if (adopts(b, x) && !a.impl()->weak) return check_fits(op, b, x);
  if (a.impl()->weak && b.impl()->weak) {
    return is_floating(x) || (!is_floating(y) && itemsize(x) > itemsize(y)) ? x : y;
  }
  if (x == y) return x;
  fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them", x, y);
}

namespace {

/// The loop alone, for few elements of operands of one shape: there is nothing to broadcast, nor to share between
/// threads.
template <std::size_t n>
Tensor map_few(const Mapping& mapping, const kernels::Elementwise& f, const std::array<const Tensor*, n>& operands) {
  const TensorImpl& like = *operands[0]->impl();
  Tensor y = make_like(*operands[0], mapping.comparison ? boolean : like.dtype);
  const void* in[kernels::most_operands] = {};
  constexpr std::int64_t step[kernels::most_operands] = {1, 1, 1};
  for (std::size_t i = 0; i < n; ++i) in[i] = operands[i]->impl()->data();
  if (like.numel > 0) f.loop(f.f, like.numel, y.impl()->data(), in, step);
  if (tracer != nullptr) [[unlikely]] {
    if constexpr (n == 1) {
      trace_elementwise(f, mapping.f_bytes, *operands[0], y);
    } else {
      trace_elementwise(f, mapping.f_bytes, *operands[0], *operands[1], y);
    }
  }
  return y;
}

}  // namespace

Tensor map_unary(const Mapping& mapping, const Tensor& x) {
  const DType dtype = x.dtype();
  const kernels::ElementwiseLoop loop = mapping.loops[static_cast<std::size_t>(dtype)];
  if (loop == nullptr) {
    if (dtype != bfloat16) fail_domain(mapping.op, mapping.domain, dtype);
    const Tensor y = map_unary(mapping, convert(x, float32));
    return mapping.comparison ? y : convert(y, bfloat16);
  }
  const auto bytes = static_cast<std::uint8_t>(itemsize(dtype));
  const kernels::Elementwise f{loop, mapping.f, mapping.comparison ? std::uint8_t{1} : bytes, {bytes}, mapping.grain};
  if (x.impl()->numel < mapping.grain) return map_few<1>(mapping, f, {&x});
  Tensor y = make_like(x, mapping.comparison ? boolean : dtype);
  kernels::run_elementwise(f, x.shape(), x.size(), y.impl()->data(), {{{x.impl()->data(), &x.shape()}}});
  if (tracer != nullptr) [[unlikely]]
    trace_elementwise(f, mapping.f_bytes, x, y);
  return y;
}

Tensor map_binary(const Mapping& mapping, const Tensor& a, const Tensor& b) {
  const DType dtype = common_dtype(mapping.op, a, b);
  const kernels::ElementwiseLoop loop = mapping.loops[static_cast<std::size_t>(dtype)];
  if (loop == nullptr) {
    if (dtype != bfloat16) fail_domain(mapping.op, mapping.domain, dtype);
    const Tensor y = map_binary(mapping, convert(a, float32), convert(b, float32));
    return mapping.comparison ? y : convert(y, bfloat16);
  }
  const auto bytes = static_cast<std::uint8_t>(itemsize(dtype));
  const DType of_results = mapping.comparison ? boolean : dtype;
  const kernels::Elementwise f{
      loop, mapping.f, mapping.comparison ? std::uint8_t{1} : bytes, {bytes, bytes}, mapping.grain};
  const bool same = a.impl()->shape == b.impl()->shape;
  if (same && a.impl()->numel < mapping.grain && !a.impl()->weak && !b.impl()->weak) {
    return map_few<2>(mapping, f, {&a, &b});
  }
  Tensor y =
      same ? make_like(a, of_results) : make_tensor(broadcast_shape(mapping.op, a.shape(), b.shape()), of_results);
  const Element p(a, dtype), q(b, dtype);
  kernels::run_elementwise(f, y.shape(), y.size(), y.impl()->data(),
                           {{{p.data(), &a.shape()}, {q.data(), &b.shape()}}});
  if (tracer != nullptr) [[unlikely]]
    trace_elementwise(f, mapping.f_bytes, strong(a, dtype), strong(b, dtype), y);
  return y;
}

Tensor map_ternary(const Mapping& mapping, const Tensor& a, const Tensor& b, const Tensor& c) {
  const DType dtype = a.dtype();
  const kernels::ElementwiseLoop loop = mapping.loops[static_cast<std::size_t>(dtype)];
  if (loop == nullptr) {
    if (dtype != bfloat16) fail_domain(mapping.op, mapping.domain, dtype);
    return convert(map_ternary(mapping, convert(a, float32), convert(b, float32), convert(c, float32)), bfloat16);
  }
  Tensor y = make_tensor(a.shape(), dtype);
  const auto bytes = static_cast<std::uint8_t>(itemsize(dtype));
  const kernels::Elementwise f{loop, mapping.f, bytes, {bytes, bytes, bytes}, mapping.grain};
  const Element p(b, dtype), q(c, dtype);
  kernels::run_elementwise(f, a.shape(), a.size(), y.impl()->data(),
                           {{{a.impl()->data(), &a.shape()}, {p.data(), &b.shape()}, {q.data(), &c.shape()}}});
  if (tracer != nullptr) [[unlikely]]
    trace_elementwise(f, mapping.f_bytes, a, strong(b, dtype), strong(c, dtype), y);
  return y;
}

}  // namespace xtape::detail
