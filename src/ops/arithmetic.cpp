#include "xtape/ops/arithmetic.hpp"

#include <cmath>
#include <limits>

#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::Domain;
using detail::map_binary;

/// Throws for an integer divisor of 0, before a kernel would divide by it.
void check_divisor(const char* op, const Tensor& a, const Tensor& b) {
  const DType dtype = detail::common_dtype(op, a, b);
  if (!is_integer(dtype)) return;
  detail::broadcast_shape(op, a.shape(), b.shape());
  detail::launch(
      detail::LaunchKind::throws,
      [op](detail::Read divisors) {
        kernels::visit(divisors.dtype(), [&]<class T>(kernels::Type<T>) {
          if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
            const T* divisor = divisors.data<T>();
            for (std::int64_t i = 0; i < divisors.size(); ++i) {
              if (divisor[i] == 0) {
                detail::fail<ValueError>(op, "integer division by zero at position {} of the divisor", i);
              }
            }
          }
        });
      },
      b);
}

/// a / b rounded down. The smallest integer divided by -1 wraps around.
template <class T>
T floor_quotient(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
  }
  const T quotient = static_cast<T>(a / b);
  return static_cast<T>(a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient);
}

template <class T>
T floor_remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const T rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  } else {
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    const T rest = static_cast<T>(a % b);
    return static_cast<T>(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
}

template <bool of_floats = false>
kernels::Batch<double> floor_remainders(const kernels::Batch<double>& a, const kernels::Batch<double>& b) {
  using V = kernels::Batch<double>;
  V rest;
  if (!kernels::remainder<of_floats>(a, b, rest)) {
    return kernels::by_element([](double x, double y) { return floor_remainder(x, y); }, a, b);
  }
  // Masks are not compared: xsimd's != and ^ of them are wrong on some processors.
  return select((rest < V(0) && b > V(0)) || (rest > V(0) && b < V(0)), rest + b, rest);
}
kernels::Batch<float> floor_remainders(const kernels::Batch<float>& a, const kernels::Batch<float>& b) {
  return kernels::in_double([](const auto& x, const auto& y) { return floor_remainders<true>(x, y); }, a, b);
}

}  // namespace

Tensor divide_no_nan(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(divide_no_nan, a, b);
  Tensor y = map_binary<Domain::floating>("divide_no_nan", a, b, [](auto p, auto q) {
    using V = decltype(p);
    return select(q == V(0), V(0), p / q);
  });
  return record_elementwise("divide_no_nan", {a, b}, y, [&] {
    return [b, y](const Tensor& dy, Needs need) {
      const Tensor da = divide_no_nan(dy, b);
      return Grads{da, need[1] ? -(da * y) : Tensor()};
    };
  });
}

Tensor floordiv(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(floordiv, a, b);
  check_divisor("floordiv", a, b);
  Tensor y = map_binary<Domain::numbers>("floordiv", a, b, [](auto p, auto q) {
    using V = decltype(p);
    if constexpr (std::is_integral_v<V>) {
      return floor_quotient(p, q);
    } else {
      return floor(p / q);
    }
  });
  return record_no_gradient("floordiv", {a, b}, std::move(y));
}

Tensor mod(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(mod, a, b);
  check_divisor("mod", a, b);
  Tensor y = map_binary<Domain::numbers>("mod", a, b, [](auto p, auto q) {
    using V = decltype(p);
    if constexpr (std::is_integral_v<V>) {
      return floor_remainder(p, q);
    } else {
      return floor_remainders(p, q);
    }
  });
  return record_elementwise("mod", {a, b}, y, [&] {
    return [a, b](const Tensor& dy, Needs need) { return Grads{dy, need[1] ? -(dy * floordiv(a, b)) : Tensor()}; };
  });
}

Tensor squared_difference(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(squared_difference, a, b);
  Tensor y = map_binary<Domain::numbers>("squared_difference", a, b, [](auto p, auto q) {
    const auto difference = kernels::minus(p, q);
    return kernels::times(difference, difference);
  });
  return record_elementwise("squared_difference", {a, b}, y, [&] {
    return [a, b](const Tensor& dy, Needs need) {
      const Tensor da = dy * ((a - b) * 2);
      return Grads{da, need[1] ? -da : Tensor()};
    };
  });
}

namespace {

/// u / (u^2 + v^2) without overflow: both numbers are scaled, so that no square is above 1. 0 at infinity.
Tensor inverse(const Tensor& u, const Tensor& v) {
  const auto fused = [&] {
    return map_binary<Domain::floating>("atan2_grad", u, v, [](auto p, auto q) {
      using V = decltype(p);
      const V a = xsimd::abs(p), b = xsimd::abs(q), size = select(b > a, b, a);
      const V s = p / size, t = q / size;
      const V infinite(std::numeric_limits<typename V::value_type>::infinity());
      return select(size == infinite && !kernels::is_nan(q), V(0), s / (s * s + t * t) / size);
    });
  };
  const auto by_ops = [&] {
    const Tensor size = stop_gradient(maximum(abs(u), abs(v))), infinite = is_inf(size);
    const Tensor scale = where(infinite, 1, size), s = where(infinite, 1, u) / scale, t = where(infinite, 1, v) / scale;
    return where(infinite, 0, s / (square(s) + square(t)) / scale);
  };
  return detail::fused_or_ops({u, v}, fused, by_ops);
}

}  // namespace

Tensor atan2(const Tensor& y, const Tensor& x) {
  XTAPE_NOTE(atan2, y, x);
  Tensor angle = map_binary<Domain::floating, false, detail::costly>(
      "atan2", y, x, [](auto p, auto q) { return kernels::atan2(p, q); });
  return record_elementwise("atan2", {y, x}, angle, [&] {
    return [y = detail::strong(y, angle.dtype()), x = detail::strong(x, angle.dtype())](const Tensor& dy, Needs need) {
      return Grads{need[0] ? dy * inverse(x, y) : Tensor(), need[1] ? -(dy * inverse(y, x)) : Tensor()};
    };
  });
}

Tensor logical_xor(const Tensor& a, const Tensor& b) {
  XTAPE_NOTE(logical_xor, a, b);
  for (const Tensor& t : {a, b}) {
    detail::expect_boolean("logical_xor", t.dtype());
  }
  Tensor y = map_binary<Domain::booleans, true>("logical_xor", a, b, [](auto p, auto q) { return p ^ q; });
  return record_no_gradient("logical_xor", {a, b}, std::move(y));
}

}  // namespace xtape
