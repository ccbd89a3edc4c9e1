#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/map_dual.hpp"
#include "xtape/ops/map_kernel.hpp"
#include "xtape/ops/map_traced.hpp"
#include "xtape/tape/record_forward.hpp"

// Not part of xtape/xtape.hpp: it includes xsimd, which takes a second to compile.
namespace xtape {
namespace detail {

/// Level 0 is the function itself. Level d + 1 is the gradient of level d: its inputs are those of level d and a
/// gradient for each output of level d, its outputs the gradients for the inputs of level d.
template <class F, int arguments, int level>
struct MapLevel;

/// How many orders of derivatives are compiled into loops; higher orders run as ops.
inline constexpr int fused_orders = 2;

template <class F, int n>
struct MapLevel<F, n, 0> {
  static constexpr int inputs = n, outputs = 1;

  template <class V>
  [[gnu::always_inline]] static V call(const F& f, const V* x) {
    return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) { return V(f(x[i]...)); }
    (std::make_integer_sequence<int, n>{});
  }
  template <class V>
  [[gnu::always_inline]] static void run(const F& f, const V* x, V* y) {
    y[0] = call(f, x);
  }
};

/// Maps x and dy to dy times each partial derivative.
template <class F, int n>
struct MapLevel<F, n, 1> {
  static constexpr int inputs = n + 1, outputs = n;

  template <class V>
  [[gnu::always_inline]] static void run(const F& f, const V* x, V* y) {
    using elementwise::Dual, elementwise::unroll;
    Dual<V, n> in[n];
    unroll<n>([&](auto i) __attribute__((always_inline)) { in[i] = Dual<V, n>(x[i], i); });
    const Dual<V, n> out = MapLevel<F, n, 0>::call(f, in);
    unroll<n>([&](auto i) __attribute__((always_inline)) { y[i] = out.active[i] ? x[n] * out.partial[i] : V(0); });
  }
};

/// Maps x, dy and the gradients u of level 1's outputs to the gradient of x, dy H u with the Hessian H of f, and to the
/// gradient of dy, the derivative of f along u. Both come from duals of duals, as partial derivatives of the derivative
/// along u.
template <class F, int n>
struct MapLevel<F, n, 2> {
  static constexpr int inputs = 2 * n + 1, outputs = n + 1;

  template <class V>
  [[gnu::always_inline]] static void run(const F& f, const V* x, V* y) {
    using elementwise::Dual, elementwise::unroll;
    using Inner = Dual<V, n>;
    Dual<Inner, 1> in[n];
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      in[i].value = Inner(x[i], i);
      in[i].partial[0] = Inner(x[n + 1 + i]);
      in[i].active[0] = true;
    });
    const Dual<Inner, 1> out = MapLevel<F, n, 0>::call(f, in);
    unroll<n>([&](auto i) __attribute__((always_inline)) {
      const bool active = out.active[0] && out.partial[0].active[i];
      y[i] = active ? x[n] * out.partial[0].partial[i] : V(0);
    });
    y[n] = out.active[0] ? out.partial[0].value : V(0);
  }
};

template <class Arch, class F, int arguments, int level>
Tensors run_map(const F& f, std::span<const Tensor> inputs, std::span<const bool> wanted) {
  using Level = MapLevel<F, arguments, level>;
  const MapFunction function{&f, &map_row<Level, F, elementwise::Lanes<float, Arch>>,
                             &map_row<Level, F, elementwise::Lanes<double, Arch>>, &copy_map_function<F>};
  Tensors outputs = run_map(function, inputs, wanted);
  record_elementwise("map", inputs, std::span<Tensor>(outputs), [&] {
    std::array<Tensor, Level::inputs> captured;
    std::copy(inputs.begin(), inputs.end(), captured.begin());
    return [f, captured, asked = asked_outputs<Level::outputs>(wanted)](std::span<const Tensor> dys, Needs needs) {
      auto with_gradients = map_gradient_inputs<Level::outputs>(captured, asked, dys);
      std::array<bool, Level::inputs> wants;
      for (std::size_t i = 0; i < wants.size(); ++i) wants[i] = needs[i];
      Tensors dx;
      if constexpr (level < fused_orders) {
        dx = run_map<Arch, F, arguments, level + 1>(f, with_gradients, wants);
      } else {
        const TracedFunction traced{&f, arguments, &trace_map<F, arguments>};
        dx = map_by_ops(traced, level + 1, with_gradients, wants);
      }
      Grads gradients;
      for (std::size_t i = 0, next = 0; i < wants.size(); ++i) {
        gradients.push_back(wants[i] ? std::move(dx[next++]) : Tensor());
      }
      return gradients;
    };
  });
  return outputs;
}

template <class Arch, class F, std::size_t arguments>
Tensor map_bfloat16(const F& f, std::array<Tensor, arguments> inputs) {
  for (Tensor& t : inputs) t = cast(t, float32);
  const bool wanted[] = {true};
  return cast(run_map<Arch, F, static_cast<int>(arguments), 0>(f, inputs, wanted)[0], bfloat16);
}

}  // namespace detail

/// f applied to the elements of up to eight tensors, which broadcast; f is ordinary C++:
///
///     Tensor y = map([](auto a, auto b) { return max(a * b + 1, 0); }, x, w);
///
/// The tensors have one floating dtype; plain numbers take it, and so does the result (bfloat16 is computed in
/// float32). f is compiled into one vectorised loop. Its first and second derivatives are compiled into one loop each,
/// by dual numbers. Derivatives of higher order run as ops. Each call of map in the source takes about a second to
/// compile, for the loops of both dtypes.
///
/// f takes its arguments as `auto`, by value or const reference, and returns one value. With them and plain numbers it
/// may use + - * / += -= *= /=, comparisons and &&
/// ! of these, and the functions max, min, abs, sign, relu, square, sqrt, pow, exp, expm1, log, log1p, sin, cos, tan,
/// atan, sinh, cosh, tanh, sigmoid and erf, without std::. Instead of `if` and `?:` it uses select(condition, a, b) or
/// where(condition, a, b). Loops are allowed if their length does not depend on the elements. Values and derivatives,
/// also at ties, are those of the ops of the same names (pow with a small integer exponent multiplies). f may capture
/// numbers by value. It is called on several threads, so it must not throw or have side effects.
///
/// The speed depends on the compiler flags of the translation unit (such as -O2 -march=native); no flag is required.
/// Throws a TypeError for other dtypes and for dtypes that differ, a ValueError for shapes that do not broadcast.
///
/// Users do not set Arch: it separates loops that are compiled for different instruction sets in one program.
template <class Arch = elementwise::Instructions, class F, std::convertible_to<Tensor>... T>
Tensor map(F f, const T&... inputs) {
  static_assert(sizeof...(T) >= 1 && sizeof...(T) <= 8, "map takes one to eight tensors");
  constexpr int arguments = sizeof...(T);
  const std::array<Tensor, arguments> tensors{Tensor(inputs)...};
  const auto prepared = detail::map_inputs<arguments>(tensors);
  if (detail::map_is_noted()) {
    const detail::TracedFunction traced{&f, arguments, &detail::trace_map<F, arguments>};
    const bool all[] = {true};
    return detail::map_by_ops(traced, 0, prepared, all)[0];
  }
  if (prepared[0].dtype() == bfloat16) return detail::map_bfloat16<Arch>(f, prepared);
  const bool wanted[] = {true};
  return std::move(detail::run_map<Arch, F, arguments, 0>(f, prepared, wanted)[0]);
}

}  // namespace xtape
