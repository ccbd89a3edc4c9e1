#include "xtape/ops/bitwise.hpp"

#include <limits>
#include <type_traits>

#include "core/call_notes.hpp"
#include "ops/elementwise.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::Domain;

template <class F>
Tensor combine(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  return record_no_gradient(op, {a, b}, detail::map_binary<Domain::integers>(op, a, b, f));
}

/// Whether C++ defines a shift of a T by so many bits.
template <class T>
bool can_shift(T by) {
  return by >= 0 && by < std::numeric_limits<std::make_unsigned_t<T>>::digits;
}

}  // namespace

Tensor bitwise_and(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(bitwise_and, a, b);
  return combine("bitwise_and", a, b, [](auto p, auto q) { return p & q; });
}
Tensor bitwise_or(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(bitwise_or, a, b);
  return combine("bitwise_or", a, b, [](auto p, auto q) { return p | q; });
}
Tensor bitwise_xor(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(bitwise_xor, a, b);
  return combine("bitwise_xor", a, b, [](auto p, auto q) { return p ^ q; });
}

Tensor bitwise_not(const Tensor& x) {
  XTAPE_NOTE(bitwise_not, x);
  return record_no_gradient("bitwise_not", {x},
                            detail::map_unary<Domain::integers>("bitwise_not", x, [](auto v) { return ~v; }));
}

Tensor bitwise_left_shift(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(bitwise_left_shift, a, b);
  return combine("bitwise_left_shift", a, b, [](auto p, auto q) {
    using T = decltype(p);
    return can_shift(q) ? static_cast<T>(static_cast<std::make_unsigned_t<T>>(p) << q) : T(0);
  });
}
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(bitwise_right_shift, a, b);
  return combine("bitwise_right_shift", a, b, [](auto p, auto q) {
    using T = decltype(p);
    return can_shift(q) ? static_cast<T>(p >> q) : static_cast<T>(p < T(0) ? -1 : 0);
  });
}

}  // namespace xtape
