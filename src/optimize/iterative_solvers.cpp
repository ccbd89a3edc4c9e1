#include "xtape/optimize/iterative_solvers.hpp"

#include <memory>

#include "base/check.hpp"
#include "optimize/implicit.hpp"
#include "optimize/krylov.hpp"
#include "optimize/transposed.hpp"
#include "optimize/unknowns.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape {
namespace linalg {
namespace {

using detail::fail;
using optimize::Vector;
using Method = optimize::KrylovSolution (*)(const optimize::LinearSystem&, Vector);
using Solver = IterativeSolution (*)(const LinearOperator&, const Tensor&, const IterativeOptions&);

void check(const char* op, const LinearOperator& a, const Tensor& b, const IterativeOptions& options) {
  if (!a) fail<ValueError>(op, "expected a function for the matrix, received an empty one");
  if (!b.defined()) fail<TypeError>(op, "expected a right-hand side, received an empty tensor");
  if (b.dtype() != float32 && b.dtype() != float64) {
    fail<TypeError>(op, "expected a float32 or float64 right-hand side, received {}", b.dtype());
  }
  if (!(options.tolerance >= 0)) fail<ValueError>(op, "expected tolerance >= 0, received {}", options.tolerance);
  if (options.max_iterations < 0) {
    fail<ValueError>(op, "expected max_iterations >= 0, received {}", options.max_iterations);
  }
  if (options.restart < 1) fail<ValueError>(op, "expected restart >= 1, received {}", options.restart);
  const Tensor& x0 = options.x0;
  if (!x0.defined()) return;
  if (x0.dtype() != b.dtype()) fail<TypeError>(op, "x0 is {}, the right-hand side {}", x0.dtype(), b.dtype());
  if (x0.shape() != b.shape()) {
    fail<ValueError>(op, "x0 has shape {}, the right-hand side {}", x0.shape(), b.shape());
  }
}

/// The product with a, which must keep the shape and dtype.
Tensor product(const char* op, const char* what, const LinearOperator& a, const Tensor& x) {
  const Tensor y = a(x);
  if (!y.defined()) fail<ValueError>(op, "{} returned an empty tensor", what);
  if (y.dtype() != x.dtype()) fail<TypeError>(op, "{} turned {} into {}", what, x.dtype(), y.dtype());
  if (y.shape() != x.shape()) fail<ValueError>(op, "{} turned shape {} into {}", what, x.shape(), y.shape());
  return y;
}

Vector elements_of(const Tensor& t) {
  Vector elements;
  optimize::append_elements(elements, t);
  return elements;
}

/// The solution, without derivatives.
IterativeSolution solve_detached(const char* op, Method method, const LinearOperator& a, const Tensor& b,
                                 const IterativeOptions& options) {
  const detail::NoRecording unseen;
  const auto tensor = [&](const Vector& v) { return detail::from_doubles(v, b.shape(), b.dtype()); };
  const auto apply = [&](const char* what, const LinearOperator& f) {
    return [&, what](const Vector& v) { return elements_of(product(op, what, f, tensor(v))); };
  };
  const Vector rhs = elements_of(b);
  const double size = optimize::norm(rhs), target = options.tolerance * size;
  optimize::LinearSystem system{
      apply("the matrix", a),
      options.preconditioner ? std::function<Vector(const Vector&)>(apply("the preconditioner", options.preconditioner))
                             : [](const Vector& v) { return v; },
      rhs,
      target,
      options.max_iterations > 0 ? options.max_iterations : 10 * static_cast<std::int64_t>(rhs.size()) + 10,
      static_cast<std::size_t>(options.restart)};
  const auto found = method(system, options.x0.defined() ? elements_of(options.x0) : Vector(rhs.size(), 0));
  IterativeSolution solution{tensor(found.x)};
  solution.iterations = found.products;
  solution.residual_norm = optimize::norm(optimize::difference(rhs, system.a(elements_of(solution.x))));
  // The recurrences of the methods lose some digits.
  solution.converged = solution.residual_norm <= 1.1 * target + 4 * optimize::resolution_of(b.dtype()) * size;
  return solution;
}

/// The solution, with its derivatives: z + a^-1 (b - a z) at the solution z.
IterativeSolution solve(const char* op, Method method, Solver transposed, bool symmetric, const LinearOperator& a,
                        const Tensor& b, const IterativeOptions& options) {
  check(op, a, b, options);
  IterativeSolution solution = solve_detached(op, method, a, b, options);
  IterativeOptions backward = options;
  backward.x0 = {};
  if (!symmetric) backward.preconditioner = {};
  const auto newton = [&](const Tensor& z) {
    return record(op, {z, b - product(op, "the matrix", a, z)}, detail::make_alias(z), [&] {
      return [a, backward, transposed, symmetric, z](const Tensor& dx, Needs need) {
        if (!need[1]) return Grads{dx, Tensor()};
        return Grads{dx, transposed(symmetric ? a : optimize::transposed_at(a, z), dx, backward).x};
      };
    });
  };
  solution.x = optimize::implicit_solution(solution.x, newton);
  return solution;
}

}  // namespace

IterativeSolution cg(const LinearOperator& a, const Tensor& b, const IterativeOptions& options) {
  return solve("linalg.cg", optimize::conjugate_gradients, cg, true, a, b, options);
}
IterativeSolution gmres(const LinearOperator& a, const Tensor& b, const IterativeOptions& options) {
  return solve("linalg.gmres", optimize::generalized_minimal_residual, gmres, false, a, b, options);
}
IterativeSolution bicgstab(const LinearOperator& a, const Tensor& b, const IterativeOptions& options) {
  return solve("linalg.bicgstab", optimize::stabilized_biconjugate_gradients, bicgstab, false, a, b, options);
}

}  // namespace linalg
}  // namespace xtape
