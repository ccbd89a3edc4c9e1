#pragma once

#include <array>
#include <utility>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/elementwise_loop.hpp"
#include "xtape/core/tensor.hpp"

// How the elementwise ops run their functors: dtypes, plain numbers, broadcasting, threads. A functor is a generic
// lambda that takes vectors (xsimd::batch) for floating dtypes and single numbers for the others. It calls functions by
// unqualified names, so that both work.
namespace xtape::detail {

/// Which dtypes an op takes.
enum class Domain { floating, integers, numbers, booleans, all };

[[noreturn]] void fail_domain(const char* op, Domain domain, DType received);
/// The shape to which both broadcast; throws a ValueError if they do not.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);
/// The common dtype of two operands: a plain number takes the other's. Throws a TypeError for two different dtypes.
DType mixed_dtype(const char* op, const Tensor& a, const Tensor& b);
inline DType common_dtype(const char* op, const Tensor& a, const Tensor& b) {
  const bool alike = a.dtype() == b.dtype() && a.impl()->weak == b.impl()->weak;
  return alike ? a.dtype() : mixed_dtype(op, a, b);
}
/// Converts a plain number to an ordinary scalar of that dtype; returns other tensors unchanged.
inline Tensor strong(const Tensor& t, DType dtype) { return t.impl()->weak ? convert(t, dtype) : t; }
template <class T, Domain domain>
inline constexpr bool in_domain = std::is_same_v<T, BFloat16>  ? false  // computed in float32
                                  : domain == Domain::booleans ? std::is_same_v<T, bool>
                                  : domain == Domain::floating ? kernels::vectorised<T>
                                  : domain == Domain::integers ? std::is_integral_v<T> && !std::is_same_v<T, bool>
                                                               : domain == Domain::all || !std::is_same_v<T, bool>;

/// The loops of a functor for each dtype, null for those that it does not take.
using Loops = std::array<kernels::ElementwiseLoop, all_dtypes.size()>;
template <class T, Domain domain, bool comparison, std::size_t operands, class F>
constexpr kernels::ElementwiseLoop loop_for() {
  if constexpr (in_domain<T, domain>) {
    // Bools as bytes, for which the compiler can vectorise.
    using Read = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
    return &kernels::elementwise_loop<Read, std::conditional_t<comparison, bool, Read>, operands, F>;
  } else {
    return nullptr;
  }
}
template <Domain domain, bool comparison, std::size_t operands, class F>
inline constexpr Loops loops_of = with_element_types([]<class... T>() {
  return Loops{loop_for<T, domain, comparison, operands, F>()...};
});

/// The properties of a functor that are known at compile time, independent of its type.
struct Mapping {
  Domain domain;
  bool comparison;  ///< the results are bools
  Loops loops;
  std::int64_t grain;   ///< the minimum number of elements for each thread
  std::size_t f_bytes;  ///< the size of the functor, 0 if it captures nothing
};
template <class F>
constexpr std::size_t functor_bytes() {
  static_assert(std::is_trivially_copyable_v<F>);
  return std::is_empty_v<F> ? 0 : sizeof(F);
}
template <Domain domain, bool comparison, std::size_t operands, class F,
          std::int64_t grain = kernels::elementwise_grain>
inline constexpr Mapping mapping_of = {domain, comparison, loops_of<domain, comparison, operands, F>, grain,
                                       functor_bytes<F>()};
Tensor map_unary(const Mapping& mapping, const char* op, const void* f, const Tensor& x);
Tensor map_binary(const Mapping& mapping, const char* op, const void* f, const Tensor& a, const Tensor& b);
Tensor map_ternary(const Mapping& mapping, const char* op, const void* f, const Tensor& a, const Tensor& b,
                   const Tensor& c);

/// Computes y from three operands that broadcast to it, by a loop that needs no functor. Plain numbers become elements
/// of `dtype`.
void run_loop(const kernels::Elementwise& f, DType dtype, const Tensor& a, const Tensor& b, const Tensor& c,
              const Tensor& y);

/// The grain for functions that take some hundred cycles, such as those of the standard library on single numbers.
inline constexpr std::int64_t costly = 1024;

/// y = f(x), elementwise and not recorded; y is bool for a comparison.
template <Domain domain, bool comparison = false, std::int64_t grain = kernels::elementwise_grain, class F>
Tensor map_unary(const char* op, const Tensor& x, const F& f) {
  return map_unary(mapping_of<domain, comparison, 1, F, grain>, op, &f, x);
}

/// y = f(a, b) with broadcasting, not recorded; y is bool for a comparison.
template <Domain domain, bool comparison = false, std::int64_t grain = kernels::elementwise_grain, class F>
Tensor map_binary(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  return map_binary(mapping_of<domain, comparison, 2, F, grain>, op, &f, a, b);
}

/// y = f(a, b, c), not recorded; b and c broadcast to a and have its dtype, or are plain numbers.
template <Domain domain, class F>
Tensor map_ternary(const char* op, const Tensor& a, const Tensor& b, const Tensor& c, const F& f) {
  return map_ternary(mapping_of<domain, false, 3, F>, op, &f, a, b, c);
}

}  // namespace xtape::detail
