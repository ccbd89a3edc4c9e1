#include "xtape/optimize/custom_root.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "optimize/implicit.hpp"
#include "optimize/transposed.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/optimize/iterative_solvers.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape {
namespace optimize {
namespace {

using detail::fail;

/// u with J' u = dx for the Jacobian J of f at x.
using TransposedSolver = Tensor (*)(const TensorFunction& f, const Tensor& x, const Tensor& dx,
                                    const ImplicitOptions& options);

Tensor solve_direct(const TensorFunction& f, const Tensor& x, const Tensor& dx, const ImplicitOptions&) {
  GradientTape tape({.watch_accessed_variables = false});
  const Tensor own = detail::identity(x);
  tape.watch(own);
  const Tensor y = f(own);
  const Tensor jacobian = tape.jacobian(y, own, {.unconnected_gradients = UnconnectedGradients::zero});
  const std::int64_t n = x.size();
  return reshape(linalg::solve(reshape(jacobian, {n, n}), flatten(dx), {.adjoint = true}), x.shape());
}

template <auto solver>
Tensor solve_iteratively(const TensorFunction& f, const Tensor& x, const Tensor& dx, const ImplicitOptions& options) {
  const auto solution =
      solver(transposed_at(f, x), dx, {.tolerance = options.tolerance, .max_iterations = options.max_iterations});
  if (!solution.converged) {
    fail<RuntimeError>("custom_root", "{} did not converge in {} products: the residual is {:.3g}", options.solver,
                       solution.iterations, solution.residual_norm);
  }
  return solution.x;
}

constexpr detail::Named<TransposedSolver> solvers[] = {
    {"direct", solve_direct},
    {"gmres", solve_iteratively<linalg::gmres>},
    {"bicgstab", solve_iteratively<linalg::bicgstab>},
    {"cg", solve_iteratively<linalg::cg>},
};

/// f(x), checked.
Tensor residual_at(const char* op, const TensorFunction& f, const Tensor& x) {
  const Tensor y = f(x);
  if (!y.defined()) fail<ValueError>(op, "the function returned an empty tensor");
  if (y.dtype() != x.dtype()) fail<TypeError>(op, "the function turned {} into {}", x.dtype(), y.dtype());
  if (y.shape() != x.shape()) fail<ValueError>(op, "the function turned shape {} into {}", x.shape(), y.shape());
  return y;
}

Tensor implicit(const char* op, const TensorFunction& f, const Tensor& found, const ImplicitOptions& options) {
  const TransposedSolver solver = detail::get_named(op, "solver", solvers, options.solver).value;
  if (!f) fail<ValueError>(op, "expected a function, received an empty one");
  if (!found.defined()) fail<TypeError>(op, "expected a tensor, received an empty one");
  if (found.dtype() != float32 && found.dtype() != float64) {
    fail<TypeError>(op, "expected float32 or float64, received {}", found.dtype());
  }
  const auto newton = [&](const Tensor& z) {
    const Tensor x = detail::make_alias(z);
    return record(op, {z, residual_at(op, f, z)}, x, [&] {
      return [f, x, options, solver](const Tensor& dx, Needs need) {
        return Grads{dx, need[1] ? -solver(f, x, dx, options) : Tensor()};
      };
    });
  };
  return implicit_solution(detail::make_alias(found), newton);  // what was found is a constant to tapes
}

}  // namespace

Tensor custom_root(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const ImplicitOptions& options) {
  return implicit("custom_root", f, x, options);
}

Tensor custom_fixed_point(const std::function<Tensor(const Tensor&)>& g, const Tensor& x,
                          const ImplicitOptions& options) {
  if (!g) fail<ValueError>("custom_fixed_point", "expected a function, received an empty one");
  const auto difference = [g](const Tensor& t) { return residual_at("custom_fixed_point", g, t) - t; };
  return implicit("custom_fixed_point", difference, x, options);
}

}  // namespace optimize
}  // namespace xtape
