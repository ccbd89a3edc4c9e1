#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace integrate {

/// Keyword arguments of odeint.
struct OdeOptions {
  std::string method = "dopri5";  ///< "dopri5" with adaptive steps, or "rk4" and "euler" with fixed ones
  /// dopri5 keeps the error of a step below atol + rtol |y|, as a root of the mean square. By default 1e-6 and 1e-8 for
  /// float64, 1e-4 and 1e-6 for float32.
  std::optional<double> rtol = {};
  std::optional<double> atol = {};
  double first_step = 0;  ///< of dopri5; 0: chosen by the first derivatives
  /// The longest step of rk4 and euler, which divide each interval between two times into equal steps; 0: one step for
  /// each interval.
  double step = 0;
  std::int64_t max_steps = 100000;  ///< of dopri5, in all
  /// Gradients by the adjoint equation, in memory that does not grow with the number of steps.
  bool adjoint = false;
  /// With adjoint: tensors that f captures and that gradients are wanted for. Variables need not be named.
  std::vector<Tensor> parameters = {};
};

/// The right-hand side of an equation: dy/dt from the time, a scalar of y's dtype, and y.
using OdeFunction = std::function<Tensor(const Tensor& t, const Tensor& y)>;

/// The solution of dy/dt = f(t, y) with y(t[0]) = y0 at all times of t: [k, y...] for t [k] (torchdiffeq, SciPy).
///
///     auto f = [&](const Tensor& t, const Tensor& y) { return matmul(y, a); };
///     Tensor ys = integrate::odeint(f, y0, linspace(0, 10, 50));
///
/// y0 is float32 or float64 of any shape, f gives its shape and dtype. The times increase, or they decrease. "dopri5"
/// is the method of Dormand and Prince (1980) of order 5, with values between its steps by a polynomial of order 4
/// (Shampine, 1986; Hairer, Norsett and Wanner, "Solving Ordinary Differential Equations I", II.4 and II.6); "rk4" is
/// the classical method of order 4, "euler" is of order 1.
///
/// Gradients flow to y0 and to all that f uses through the ops of each step, to any order, but not to the times. With
/// `adjoint` they come from the adjoint equation, solved backwards in time with the same options together with y itself
/// (Pontryagin; Chen et al., "Neural ordinary differential equations", 2018): only the values at the times are kept.
/// They are those of the equation, not of its numerical solution, so they are as exact as the tolerances; and where an
/// equation forgets its start, going backwards is unstable. f is called again in the backward pass.
///
/// Throws a ValueError for bad options, for times that are not monotonic, and for an f that changes the shape, a
/// TypeError for other dtypes, and a RuntimeError where dopri5 needs more than max_steps, or shorter steps than t
/// resolves: the equation is stiff, or its solution not finite. With `adjoint`, a ValueError where f uses tensors that
/// a tape watches and neither parameters nor variables.
Tensor odeint(const OdeFunction& f, const Tensor& y0, const Tensor& t, const OdeOptions& options = {});

}  // namespace integrate
}  // namespace xtape
