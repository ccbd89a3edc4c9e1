// Beyond gradients: Jacobians, Hessians, derivatives in a direction, and derivatives as functions of functions.
#include <fmt/core.h>

#include <tuple>
#include <xtape/xtape.hpp>

namespace xp = xtape;

/// Rosenbrock's function, whose minimum is at (1, 1).
xp::Tensor rosenbrock(const xp::Tensor& p) {
  auto x = xp::slice_axis(p, 0, 0, 1), y = xp::slice_axis(p, 0, 1, 1);
  return xp::reduce_sum(xp::square(1 - x) + 100 * xp::square(y - xp::square(x)));
}

int main() {
  xp::Tensor p = xp::constant({-1.0, 1.5}, xp::float64);

  // As in JAX: grad maps a function to its gradient function, and nests.
  fmt::print("gradient\n{}\n", xp::grad(rosenbrock)(p));
  fmt::print("Hessian\n{}\n", xp::hessian(rosenbrock, p));
  fmt::print("Hessian times (1, 0)\n{}\n",
             xp::hessian_vector_product(rosenbrock, p, xp::constant({1.0, 0.0}, xp::float64)));

  // Newton's method with the gradient and the Hessian.
  for (int step = 0; step < 6; ++step) {
    auto [value, gradient] = xp::value_and_grad(rosenbrock)(p);
    fmt::print("step {}: f({:.4f}, {:.4f}) = {:.3g}\n", step, p.data<double>()[0], p.data<double>()[1], value.item());
    auto direction = xp::linalg::solve(xp::hessian(rosenbrock, p), xp::reshape(gradient, {2, 1}));
    p = p - xp::reshape(direction, {2});
  }

  // As in TensorFlow: a matrix of derivatives from a tape, gradients in the structure of their sources.
  xp::Variable w(xp::constant({{1.0, 2.0}, {3.0, 4.0}}), {.name = "w"}), b(xp::constant({0.5, -0.5}), {.name = "b"});
  xp::GradientTape tape({.persistent = true});
  auto y = xp::tanh(xp::matmul(xp::constant({{0.1, 0.2}}), w) + b);
  auto loss = xp::reduce_sum(y);
  tape.stop();
  fmt::print("dy/db\n{}\n", tape.jacobian(y, b));
  auto [dw, db] = tape.gradient(loss, std::tuple(w, b));
  fmt::print("dw\n{}\ndb\n{}\n", dw, db);

  // Forward mode: the derivative of y when b moves.
  xp::ForwardAccumulator accumulator({b}, {xp::constant({1.0, 0.0})});
  auto z = xp::tanh(xp::matmul(xp::constant({{0.1, 0.2}}), w) + b);
  fmt::print("dz along b\n{}\n", accumulator.jvp(z));
}
