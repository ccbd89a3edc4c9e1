#include "ops/elementwise.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record.hpp"

// Comparisons, logic, and what chooses or converts elements.
namespace xtape {

using detail::Domain;

namespace {

template <class F>
Tensor compare(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  return record_no_gradient(op, {a, b}, detail::map_binary<Domain::all, true>(op, a, b, f));
}

const Tensor& boolean_only(const char* op, const Tensor& t) {
  if (t.dtype() != boolean) detail::fail<TypeError>(op, "expected a bool tensor, received {}", t.dtype());
  return t;
}

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare("equal", a, b, [](auto p, auto q) { return p == q; });
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  return compare("not_equal", a, b, [](auto p, auto q) { return !(p == q); });  // true for NaN
}
Tensor less(const Tensor& a, const Tensor& b) {
  return compare("less", a, b, [](auto p, auto q) { return p < q; });
}
Tensor less_equal(const Tensor& a, const Tensor& b) {
  return compare("less_equal", a, b, [](auto p, auto q) { return p <= q; });
}
Tensor greater(const Tensor& a, const Tensor& b) {
  return compare("greater", a, b, [](auto p, auto q) { return p > q; });
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  return compare("greater_equal", a, b, [](auto p, auto q) { return p >= q; });
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return compare("logical_and", boolean_only("logical_and", a), boolean_only("logical_and", b),
                 [](auto p, auto q) { return (p != decltype(p)(0)) & (q != decltype(q)(0)); });
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return compare("logical_or", boolean_only("logical_or", a), boolean_only("logical_or", b),
                 [](auto p, auto q) { return (p != decltype(p)(0)) | (q != decltype(q)(0)); });
}
Tensor logical_not(const Tensor& x) { return equal(boolean_only("logical_not", x), false); }

Tensor where(const Tensor& condition, const Tensor& a_, const Tensor& b_) {
  boolean_only("where", condition);
  const DType dtype = detail::common_dtype("where", a_, b_);
  const Tensor a = detail::convert(a_, dtype), b = detail::convert(b_, dtype);
  const Shape shape =
      detail::broadcast_shape("where", condition.shape(), detail::broadcast_shape("where", a.shape(), b.shape()));
  Tensor y = detail::make_tensor(shape, dtype);
  if (y.size() > 0) {
    using kernels::broadcast_strides;
    const auto it =
        kernels::make_iteration<3>(shape, {broadcast_strides(condition.shape(), shape),
                                           broadcast_strides(a.shape(), shape), broadcast_strides(b.shape(), shape)});
    kernels::visit_size(dtype, [&]<class T>(kernels::Type<T>) {
      const auto* c = detail::const_data<bool>(condition);
      const auto *p = reinterpret_cast<const T*>(a.impl()->data()), *q = reinterpret_cast<const T*>(b.impl()->data());
      auto* out = reinterpret_cast<T*>(y.impl()->data());
      const std::int64_t cs = it.inner_stride[0], ps = it.inner_stride[1], qs = it.inner_stride[2];
      const auto row = [cs, ps, qs](std::int64_t n, const bool* cr, const T* pr, const T* qr, T* to) {
        if (cs == 1 && ps == 1 && qs == 1) {
          for (std::int64_t i = 0; i < n; ++i) to[i] = cr[i] ? pr[i] : qr[i];
        } else if (cs == 1 && ps == 1 && qs == 0) {
          for (std::int64_t i = 0; i < n; ++i) to[i] = cr[i] ? pr[i] : *qr;
        } else {
          for (std::int64_t i = 0; i < n; ++i) to[i] = cr[i * cs] ? pr[i * ps] : qr[i * qs];
        }
      };
      if (it.rows == 1) {
        kernels::parallel_for(it.inner, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
          row(end - begin, c + begin * cs, p + begin * ps, q + begin * qs, out + begin);
        });
        return;
      }
      const std::int64_t grain = std::max<std::int64_t>(1, kernels::elementwise_grain / it.inner);
      kernels::parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
        it.for_rows(begin, end, [&](std::int64_t r, const auto& offset) {
          row(it.inner, c + offset[0], p + offset[1], q + offset[2], out + r * it.inner);
        });
      });
    });
  }
  return record("where", {condition, a_, b_}, y, [condition](const Tensor& dy, Needs need) {
    return Grads{Tensor(), need[1] ? where(condition, dy, 0) : Tensor(), need[2] ? where(condition, 0, dy) : Tensor()};
  });
}

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype && !x.impl()->weak) return x;
  Tensor y = detail::convert(x, dtype);
  if (!is_floating(x.dtype()) || !is_floating(dtype)) return record_no_gradient("cast", {x}, std::move(y));
  return record("cast", {x}, y, [from = x.dtype()](const Tensor& dy) { return Grads{cast(dy, from)}; });
}

}  // namespace xtape
