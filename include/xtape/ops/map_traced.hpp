#pragma once

#include <span>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/map_lanes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::elementwise {

/// A whole tensor that behaves like one number: it runs a function of map as ops on tensors.
class Traced {
 public:
  using Innermost = Traced;

  /// The result of a comparison.
  struct Condition {
    Tensor tensor;
    friend Condition operator&&(const Condition& a, const Condition& b) { return {logical_and(a.tensor, b.tensor)}; }
    friend Condition operator||(const Condition& a, const Condition& b) { return {logical_or(a.tensor, b.tensor)}; }
    friend Condition operator&(const Condition& a, const Condition& b) { return a && b; }
    friend Condition operator|(const Condition& a, const Condition& b) { return a || b; }
    friend Condition operator!(const Condition& a) { return {logical_not(a.tensor)}; }
    friend Traced select(const Condition& condition, const Traced& a, const Traced& b) {
      return Traced(xtape::where(condition.tensor, a.tensor, b.tensor));
    }
    friend Traced where(const Condition& condition, const Traced& a, const Traced& b) {
      return select(condition, a, b);
    }
  };

  explicit Traced(Tensor t) : tensor(std::move(t)) {}
  // Numbers become floating: the quotient of two integers would be an integer.
  template <PlainNumber N>
  Traced(N number) : tensor(static_cast<double>(number)) {}

  friend Traced operator+(const Traced& a, const Traced& b) { return Traced(a.tensor + b.tensor); }
  friend Traced operator-(const Traced& a, const Traced& b) { return Traced(a.tensor - b.tensor); }
  friend Traced operator*(const Traced& a, const Traced& b) { return Traced(a.tensor * b.tensor); }
  friend Traced operator/(const Traced& a, const Traced& b) { return Traced(a.tensor / b.tensor); }
  friend Traced operator-(const Traced& a) { return Traced(-a.tensor); }
  friend Traced operator+(const Traced& a) { return a; }
  friend Condition operator<(const Traced& a, const Traced& b) { return {a.tensor < b.tensor}; }
  friend Condition operator<=(const Traced& a, const Traced& b) { return {a.tensor <= b.tensor}; }
  friend Condition operator>(const Traced& a, const Traced& b) { return {a.tensor > b.tensor}; }
  friend Condition operator>=(const Traced& a, const Traced& b) { return {a.tensor >= b.tensor}; }
  friend Condition operator==(const Traced& a, const Traced& b) { return {a.tensor == b.tensor}; }
  friend Condition operator!=(const Traced& a, const Traced& b) { return {a.tensor != b.tensor}; }
  friend Condition isnan(const Traced& a) { return a != a; }
  friend Traced max(const Traced& a, const Traced& b) { return Traced(maximum(a.tensor, b.tensor)); }
  friend Traced min(const Traced& a, const Traced& b) { return Traced(minimum(a.tensor, b.tensor)); }
  friend Traced pow(const Traced& a, const Traced& b) { return Traced(xtape::pow(a.tensor, b.tensor)); }
  friend Traced abs(const Traced& a) { return Traced(xtape::abs(a.tensor)); }
  friend Traced sign(const Traced& a) { return Traced(xtape::sign(a.tensor)); }
  friend Traced relu(const Traced& a) { return Traced(nn::relu(a.tensor)); }
  friend Traced square(const Traced& a) { return Traced(xtape::square(a.tensor)); }
  friend Traced sqrt(const Traced& a) { return Traced(xtape::sqrt(a.tensor)); }
  friend Traced exp(const Traced& a) { return Traced(xtape::exp(a.tensor)); }
  friend Traced log(const Traced& a) { return Traced(xtape::log(a.tensor)); }
  friend Traced expm1(const Traced& a) { return Traced(xtape::expm1(a.tensor)); }
  friend Traced log1p(const Traced& a) { return Traced(xtape::log1p(a.tensor)); }
  friend Traced sin(const Traced& a) { return Traced(xtape::sin(a.tensor)); }
  friend Traced cos(const Traced& a) { return Traced(xtape::cos(a.tensor)); }
  friend Traced tan(const Traced& a) { return Traced(xtape::tan(a.tensor)); }
  friend Traced atan(const Traced& a) { return Traced(xtape::atan(a.tensor)); }
  friend Traced sinh(const Traced& a) { return Traced(xtape::sinh(a.tensor)); }
  friend Traced cosh(const Traced& a) { return Traced(xtape::cosh(a.tensor)); }
  friend Traced erf(const Traced& a) { return Traced(xtape::erf(a.tensor)); }
  friend Traced tanh(const Traced& a) { return Traced(xtape::tanh(a.tensor)); }
  friend Traced sigmoid(const Traced& a) { return Traced(xtape::sigmoid(a.tensor)); }

  Tensor tensor;
};

}  // namespace xtape::elementwise

namespace xtape {
namespace detail {

/// A function of map that runs on whole tensors.
struct TracedFunction {
  const void* f;
  int arguments;
  Tensor (*run)(const void* f, std::span<const Tensor> arguments);
};

template <class F, int arguments>
Tensor trace_map(const void* f_, std::span<const Tensor> x) {
  const F& f = *static_cast<const F*>(f_);
  return [&]<int... i>(std::integer_sequence<int, i...>) {
    return elementwise::Traced(f(elementwise::Traced(x[i])...)).tensor;
  }
  (std::make_integer_sequence<int, arguments>{});
}

/// Whether somebody asks which ops the thread calls, so that a function of map has to run as ops.
bool map_is_noted() noexcept;

/// The wanted outputs of MapLevel at this level, computed by ops; empty for outputs that do not depend on the inputs.
Tensors map_by_ops(const TracedFunction& function, int level, std::span<const Tensor> inputs,
                   std::span<const bool> wanted);

}  // namespace detail
}  // namespace xtape
