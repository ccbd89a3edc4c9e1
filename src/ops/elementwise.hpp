#pragma once

#include <utility>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"
#include "kernels/strided.hpp"
#include "xtape/core/tensor.hpp"

// How the elementwise ops run their functors: dtypes, plain numbers, broadcasting, threads. A functor is a generic
// lambda on vectors (xsimd::batch) for floating dtypes and on single numbers for the others, in unqualified function
// names.
namespace xtape::detail {

template <class T>
inline constexpr bool is_bfloat16 = std::is_same_v<T, BFloat16>;

/// Which dtypes an op takes.
enum class Domain { floating, numbers, all };

[[noreturn]] void fail_domain(const char* op, Domain domain, DType received);
/// The shape to which both broadcast; throws a ValueError where they do not.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);
/// The common dtype of two operands: a plain number takes the other's. Throws a TypeError for two different dtypes.
DType mixed_dtype(const char* op, const Tensor& a, const Tensor& b);
inline DType common_dtype(const char* op, const Tensor& a, const Tensor& b) {
  const bool alike = a.dtype() == b.dtype() && a.impl()->weak == b.impl()->weak;
  return alike ? a.dtype() : mixed_dtype(op, a, b);
}
/// A plain number as an ordinary scalar of that dtype; other tensors as they are.
inline Tensor strong(const Tensor& t, DType dtype) { return t.impl()->weak ? convert(t, dtype) : t; }
template <class T, Domain domain>
inline constexpr bool in_domain = kernels::vectorised<T> || (domain != Domain::floating && !is_bfloat16<T> &&
                                                             (domain == Domain::all || !std::is_same_v<T, bool>));

/// y = f(x) element by element, not recorded.
template <Domain domain, class F>
Tensor map_unary(const char* op, const Tensor& x, const F& f) {
  const DType dtype = x.dtype();
  if (dtype == bfloat16) return convert(map_unary<domain>(op, convert(x, float32), f), bfloat16);
  Tensor y = make_tensor(x.shape(), dtype);
  kernels::visit(dtype, [&]<class T>(kernels::Type<T>) {
    if constexpr (in_domain<T, domain>) {
      const T* in = const_data<T>(x);
      T* out = mutable_data<T>(y);
      kernels::parallel_for(x.size(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        kernels::map_row<T>(end - begin, out + begin, f, kernels::Operand<T, false>{in + begin});
      });
    } else {
      fail_domain(op, domain, dtype);
    }
  });
  return y;
}

/// out = f(a, b) element by element with broadcasting; Out is the element type of the result.
template <class T, class Out, class F>
void run_binary(const Tensor& a, const Tensor& b, const Tensor& y, const F& f) {
  using kernels::Operand;
  const T *x1 = const_data<T>(a), *x2 = const_data<T>(b);
  Out* out = mutable_data<Out>(y);
  const auto row = [&f](std::int64_t n, Out* to, const T* p, bool p_scalar, const T* q, bool q_scalar) {
    if (p_scalar && n > 1) {
      kernels::map_row<T>(n, to, f, Operand<T, true>{p}, Operand<T, false>{q});
    } else if (q_scalar && n > 1) {
      kernels::map_row<T>(n, to, f, Operand<T, false>{p}, Operand<T, true>{q});
    } else {
      kernels::map_row<T>(n, to, f, Operand<T, false>{p}, Operand<T, false>{q});
    }
  };
  const bool same = a.shape() == b.shape();
  if (same || a.size() == 1 || b.size() == 1) {
    const bool a_scalar = !same && a.size() == 1, b_scalar = !same && b.size() == 1;
    kernels::parallel_for(y.size(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      row(end - begin, out + begin, x1 + (a_scalar ? 0 : begin), a_scalar, x2 + (b_scalar ? 0 : begin), b_scalar);
    });
    return;
  }
  if (y.size() == 0) return;
  const auto it = kernels::make_iteration<2>(
      y.shape(), {kernels::broadcast_strides(a.shape(), y.shape()), kernels::broadcast_strides(b.shape(), y.shape())});
  const std::int64_t grain = std::max<std::int64_t>(1, kernels::elementwise_grain / it.inner);
  kernels::parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    it.for_rows(begin, end, [&](std::int64_t r, const auto& offset) {
      row(it.inner, out + r * it.inner, x1 + offset[0], it.inner_stride[0] == 0, x2 + offset[1],
          it.inner_stride[1] == 0);
    });
  });
}

/// y = f(a, b) with broadcasting, not recorded; a comparison's y is bool.
template <Domain domain, bool comparison = false, class F>
Tensor map_binary(const char* op, const Tensor& a_, const Tensor& b_, const F& f) {
  const DType dtype = common_dtype(op, a_, b_);
  if (dtype == bfloat16) {
    const Tensor y = map_binary<domain, comparison>(op, convert(a_, float32), convert(b_, float32), f);
    return comparison ? y : convert(y, bfloat16);
  }
  if (a_.impl()->weak || b_.impl()->weak)
    return map_binary<domain, comparison>(op, strong(a_, dtype), strong(b_, dtype), f);
  const Tensor &a = a_, &b = b_;
  Tensor y = make_tensor(a.shape() == b.shape() ? a.shape() : broadcast_shape(op, a.shape(), b.shape()),
                         comparison ? boolean : dtype);
  kernels::visit(dtype, [&]<class T>(kernels::Type<T>) {
    if constexpr (in_domain<T, domain>) {
      run_binary<T, std::conditional_t<comparison, bool, T>>(a, b, y, f);
    } else {
      fail_domain(op, domain, dtype);
    }
  });
  return y;
}

}  // namespace xtape::detail
