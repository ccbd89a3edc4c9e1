#pragma once

#include <vector>

#include "integrate/runge_kutta.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/integrate/odeint.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::integrate {

/// The adjoint equation of dy/dt = f(t, y): that of a = dL/dy, and of the gradients of the parameters, which runs
/// backwards together with y.
///
///     da/dt = -a df/dy        dg/dt = -a df/dp
class Adjoint {
 public:
  Adjoint(OdeFunction f, std::vector<Tensor> parameters, std::vector<Variable> variables, Solver solver, Steps steps)
      : f_(std::move(f)),
        parameters_(std::move(parameters)),
        variables_(std::move(variables)),
        solver_(solver),
        steps_(steps) {}

  /// What a gradient can reach beside y0: the parameters, then the values of the variables.
  std::vector<Tensor> sources() const;
  /// The gradients of y0 and the sources, from the solution at all times and its gradient.
  Grads gradients(const std::vector<double>& times, const Tensor& ys, const Tensor& dys) const;

 private:
  State slopes(double t, const State& state) const;

  OdeFunction f_;
  std::vector<Tensor> parameters_;
  std::vector<Variable> variables_;
  Solver solver_;
  Steps steps_;
};

/// f(t, y), checked.
Tensor slope_at(const OdeFunction& f, double t, const Tensor& y);

}  // namespace xtape::integrate
