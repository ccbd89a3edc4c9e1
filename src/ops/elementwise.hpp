#pragma once

#include <array>
#include <utility>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/elementwise_loop.hpp"
#include "xtape/core/tensor.hpp"

// How the elementwise ops run their functors: dtypes, plain numbers, broadcasting, threads. A functor is a generic
// lambda on vectors (xsimd::batch) for floating dtypes and on single numbers for the others, in unqualified function
// names.
namespace xtape::detail {

/// Which dtypes an op takes.
enum class Domain { floating, numbers, booleans, all };

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
inline constexpr bool in_domain = domain == Domain::booleans   ? std::is_same_v<T, bool>
                                  : domain == Domain::floating ? kernels::vectorised<T>
                                                               : domain == Domain::all || !std::is_same_v<T, bool>;

/// The loops of a functor for the dtypes that it takes.
using Loops = std::array<kernels::ElementwiseLoop, 7>;
template <class T, Domain domain, bool comparison, std::size_t operands, class F>
constexpr kernels::ElementwiseLoop loop_for() {
  if constexpr (in_domain<T, domain>) {
    // Bools as bytes, of which the compiler makes vectors.
    using Read = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
    return &kernels::elementwise_loop<Read, std::conditional_t<comparison, bool, Read>, operands, F>;
  } else {
    return nullptr;
  }
}
template <Domain domain, bool comparison, std::size_t operands, class F>
inline constexpr Loops loops_of = {loop_for<float, domain, comparison, operands, F>(),
                                   loop_for<double, domain, comparison, operands, F>(),
                                   loop_for<std::int32_t, domain, comparison, operands, F>(),
                                   loop_for<std::int64_t, domain, comparison, operands, F>(),
                                   loop_for<std::uint8_t, domain, comparison, operands, F>(),
                                   loop_for<bool, domain, comparison, operands, F>(),
                                   nullptr};
static_assert(static_cast<int>(float64) == 1 && static_cast<int>(int32) == 2 && static_cast<int>(int64) == 3 &&
              static_cast<int>(uint8) == 4 && static_cast<int>(boolean) == 5 && static_cast<int>(bfloat16) == 6);

/// An op's functor with its loops, whatever its type.
struct Mapping {
  const char* op;
  Domain domain;
  bool comparison;  ///< the results are bools
  const Loops& loops;
  const void* f;
  std::int64_t grain = kernels::elementwise_grain;  ///< elements from which on a second thread pays
  std::size_t f_bytes = 0;                          ///< of a functor with contents
};
template <class F>
constexpr std::size_t functor_bytes() {
  static_assert(std::is_trivially_copyable_v<F>);
  return std::is_empty_v<F> ? 0 : sizeof(F);
}
Tensor map_unary(const Mapping& mapping, const Tensor& x);
Tensor map_binary(const Mapping& mapping, const Tensor& a, const Tensor& b);
/// b and c broadcast to a and have its dtype, or are plain numbers.
Tensor map_ternary(const Mapping& mapping, const Tensor& a, const Tensor& b, const Tensor& c);

/// A grain for functions of some hundred cycles, such as the standard library's of single numbers.
inline constexpr std::int64_t costly = 1024;

/// y = f(x) element by element, not recorded; a comparison's y is bool.
template <Domain domain, bool comparison = false, class F>
Tensor map_unary(const char* op, const Tensor& x, const F& f, std::int64_t grain = kernels::elementwise_grain) {
  return map_unary({op, domain, comparison, loops_of<domain, comparison, 1, F>, &f, grain, functor_bytes<F>()}, x);
}

/// y = f(a, b) with broadcasting, not recorded; a comparison's y is bool.
template <Domain domain, bool comparison = false, class F>
Tensor map_binary(const char* op, const Tensor& a, const Tensor& b, const F& f,
                  std::int64_t grain = kernels::elementwise_grain) {
  return map_binary({op, domain, comparison, loops_of<domain, comparison, 2, F>, &f, grain, functor_bytes<F>()}, a, b);
}

}  // namespace xtape::detail
