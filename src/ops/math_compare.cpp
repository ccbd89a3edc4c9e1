#include <cstring>

#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

// Comparisons, logic, selection and conversion of elements.
namespace xtape {

using detail::Domain;

namespace {

template <class F>
Tensor compare(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  return record_no_gradient(op, {a, b}, detail::map_binary<Domain::all, true>(op, a, b, f));
}

/// f on bools as bytes of 0 or 1.
template <class F>
Tensor combine(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  return record_no_gradient(op, {a, b}, detail::map_binary<Domain::booleans, true>(op, a, b, f));
}

const Tensor& boolean_only(const char* op, const Tensor& t) {
  detail::expect_boolean(op, t.dtype());
  return t;
}

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(equal, a, b);
  return compare("equal", a, b, [](auto p, auto q) { return p == q; });
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(not_equal, a, b);
  return compare("not_equal", a, b, [](auto p, auto q) { return !(p == q); });  // true for NaN
}
Tensor less(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(less, a, b);
  return compare("less", a, b, [](auto p, auto q) { return p < q; });
}
Tensor less_equal(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(less_equal, a, b);
  return compare("less_equal", a, b, [](auto p, auto q) { return p <= q; });
}
Tensor greater(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(greater, a, b);
  return compare("greater", a, b, [](auto p, auto q) { return p > q; });
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(greater_equal, a, b);
  return compare("greater_equal", a, b, [](auto p, auto q) { return p >= q; });
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(logical_and, a, b);
  return combine("logical_and", boolean_only("logical_and", a), boolean_only("logical_and", b),
                 [](auto p, auto q) { return p & q; });
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(logical_or, a, b);
  return combine("logical_or", boolean_only("logical_or", a), boolean_only("logical_or", b),
                 [](auto p, auto q) { return p | q; });
}
Tensor logical_not(const Tensor& x) {
  XTAPE_NOTE(logical_not, x);
  return equal(boolean_only("logical_not", x), false);
}

namespace {

/// condition ? a : b for 64 bytes of elements. The conditions are bytes of 0 or 1.
template <class T>
void choose(T* out, const std::uint8_t* condition, const T* a, const T* b) {
  constexpr std::size_t count = kernels::splat_bytes / sizeof(T);
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  __m512i p = _mm512_loadu_si512(a), q = _mm512_loadu_si512(b);
  asm("" : "+v"(p), "+v"(q));  // loads whole vectors, see load_all
  if constexpr (sizeof(T) == 4) {
    const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(condition));
    _mm512_storeu_si512(out, _mm512_mask_blend_epi32(_mm_test_epi8_mask(c, c), q, p));
    return;
  }
  if constexpr (sizeof(T) == 8) {
    const __m128i c = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(condition));
    _mm512_storeu_si512(out, _mm512_mask_blend_epi64(static_cast<__mmask8>(_mm_test_epi8_mask(c, c)), q, p));
    return;
  }
#endif
  T chosen[count];
  for (std::size_t i = 0; i < count; ++i) {
    const auto mask = static_cast<T>(-static_cast<T>(condition[i]));
    chosen[i] = static_cast<T>((a[i] & mask) | (b[i] & ~mask));
  }
  std::memcpy(out, chosen, sizeof chosen);
}

/// choose() as an elementwise loop.
template <class T>
void where_loop(const void*, std::int64_t n, void* out_, const void* const* in, const std::int64_t* step) {
  auto* out = static_cast<T*>(out_);
  const auto* c = static_cast<const std::uint8_t*>(in[0]);
  const T *a = static_cast<const T*>(in[1]), *b = static_cast<const T*>(in[2]);
  constexpr std::int64_t chunk = static_cast<std::int64_t>(kernels::splat_bytes / sizeof(T));
  for (; n >= chunk; n -= chunk, out += chunk) {
    choose(out, c, a, b);
    c += step[0] * chunk;
    a += step[1] * chunk;
    b += step[2] * chunk;
  }
  for (std::int64_t i = 0; i < n; ++i) out[i] = c[i] != 0 ? a[i] : b[i];
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(where, condition, a, b);
  boolean_only("where", condition);
  const DType dtype = detail::common_dtype("where", a, b);
  const bool alike = condition.shape() == a.shape() && condition.shape() == b.shape();
  Tensor y = alike
                 ? detail::make_like(condition, dtype)
                 : detail::make_tensor(detail::broadcast_shape("where", condition.shape(),
                                                               detail::broadcast_shape("where", a.shape(), b.shape())),
                                       dtype);
  const auto bytes = static_cast<std::uint8_t>(itemsize(dtype));
  kernels::visit_size(dtype, [&]<class T>(kernels::Type<T>) {
    const kernels::Elementwise f{&where_loop<T>, nullptr, bytes, {1, bytes, bytes}};
    detail::run_loop(f, dtype, condition, a, b, y);
  });
  return record_elementwise("where", {condition, a, b}, y, [&] {
    return [condition](const Tensor& dy, Needs need) {
      return Grads{Tensor(), need[1] ? where(condition, dy, 0) : Tensor(),
                   need[2] ? where(condition, 0, dy) : Tensor()};
    };
  });
}

Tensor cast(const Tensor& x, AnyDType to) {
  const DType dtype = to;
  XTAPE_NOTE(cast, x, dtype);
  if (x.dtype() == dtype && !x.impl()->weak) return x;
  Tensor y = detail::convert(x, dtype);
  if (!is_floating(x.dtype()) || !is_floating(dtype)) return record_no_gradient("cast", {x}, std::move(y));
  return record(
      "cast", {x}, y, [&] { return [from = x.dtype()](const Tensor& dy) { return Grads{cast(dy, from)}; }; },
      [&](const Tensor& t) { return cast(t, dtype); });
}

}  // namespace xtape
