#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of check_gradients.
struct CheckGradientsOptions {
  int order = 2;       ///< 1: the gradient; 2: its derivatives as well; and so on
  double eps = 1e-6;   ///< the step of the differences, times max(1, |x_i|)
  double rtol = 1e-5;  ///< a pair passes when |analytic - numeric| <= atol + rtol max(|analytic|, |numeric|)
  double atol = 1e-7;
  std::int64_t max_elements = 512;  ///< an input with more elements is checked along random directions instead
  int directions = 8;               ///< how many of them
  std::uint64_t seed = 1;           ///< for the random incoming gradients and directions
};

/// The result of check_gradients: converts to true when every gradient agrees; otherwise the message names the first
/// that does not: "input 1 at (0, 2): analytic 0.5, numeric 0.25, second order".
struct GradientCheck {
  bool ok = true;
  std::string message = {};
  explicit operator bool() const noexcept { return ok; }
};

/// Compares a tape's gradients of f with central differences in float64.
///
/// Floating inputs are converted to float64, others are passed as they are and have no gradient. With a random incoming
/// gradient u of y = f(x), the gradient that the tape gives for element x_i must agree with
///
///     sum_j u_j (f_j(x + h e_i) - f_j(x - h e_i)) / (2 h),  h = eps max(1, |x_i|)
///
/// The second order checks the gradient, as a function of x and u, in the same way, and so on. A rule that uses the
/// incoming gradient wrongly shows as "output gradient 0 at ...". For an input with more than max_elements elements,
/// derivatives along random directions are compared (as jax.test_util.check_grads does).
///
/// f must be differentiable around the inputs: keep away from kinks. Throws a TypeError when f does not return float64,
/// and a ValueError when no input is floating or an option is out of range.
///
///     CHECK(check_gradients([](const Tensor& a, const Tensor& b) { return my_op(a, b); }, a, b));
GradientCheck check_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                              const std::vector<Tensor>& inputs, const CheckGradientsOptions& options = {});

/// The same for a function of one, two or three tensors.
template <class F>
requires std::is_invocable_r_v<Tensor, F&, const Tensor&> GradientCheck
check_gradients(F f, const Tensor& x, const CheckGradientsOptions& options = {}) {
  return check_gradients([&f](const std::vector<Tensor>& in) { return Tensor(f(in[0])); }, {x}, options);
}
template <class F>
requires std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&> GradientCheck
check_gradients(F f, const Tensor& a, const Tensor& b, const CheckGradientsOptions& options = {}) {
  return check_gradients([&f](const std::vector<Tensor>& in) { return Tensor(f(in[0], in[1])); }, {a, b}, options);
}
template <class F>
requires std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&, const Tensor&> GradientCheck
check_gradients(F f, const Tensor& a, const Tensor& b, const Tensor& c, const CheckGradientsOptions& options = {}) {
  return check_gradients([&f](const std::vector<Tensor>& in) { return Tensor(f(in[0], in[1], in[2])); }, {a, b, c},
                         options);
}

}  // namespace xtape
