#include "xtape/optimize/iterative_solvers.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "optimize/more_garbow_hillstrom.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using linalg::IterativeOptions;
using linalg::IterativeSolution;
using linalg::LinearOperator;

namespace {

using Solver = IterativeSolution (*)(const LinearOperator&, const Tensor&, const IterativeOptions&);
const std::vector<std::pair<std::string, Solver>> solvers{
    {"cg", linalg::cg}, {"gmres", linalg::gmres}, {"bicgstab", linalg::bicgstab}};

/// -x_{i-1} + 2 x_i - x_{i+1}
Tensor laplacian(const Tensor& x) {
  const testing::Neighbours at(x);
  return 2 * x - at.before - at.after;
}

const Tensor regular = constant({{4.0, 1.0, -0.5}, {-1.0, 3.0, 0.25}, {0.5, -0.25, 5.0}}, float64);
const Tensor positive = matmul(regular, regular, {.transpose_a = true});
const Tensor b = constant({1.0, -2.0, 0.5}, float64);

/// A matrix that the solver takes.
const Tensor& matrix_for(const std::string& solver) { return solver == "cg" ? positive : regular; }

}  // namespace

TEST_CASE("iterative solvers: the second difference, whose inverse of ones is a parabola") {
  constexpr int n = 50;
  const Tensor i = testing::steps(1, n);
  for (const auto& entry : solvers) {
    const std::string name = entry.first;
    const Solver solver = entry.second;
    CAPTURE(name);
    const auto found = solver(laplacian, ones({n}, float64), {.tolerance = 1e-12, .restart = 60});
    CHECK(found.converged);
    CHECK(found.residual_norm <= 1e-11 * std::sqrt(n));
    CHECK(found.iterations <= (name == "bicgstab" ? 600 : n + 3));
    CHECK_CLOSE(found.x, i * (n + 1 - i) / 2, 1e-9);
    const auto single = solver(laplacian, ones({10}), {.tolerance = 1e-6});
    CHECK(single.converged);
    CHECK(single.x.dtype() == float32);
    CHECK_CLOSE(single.x, testing::steps(1, 10) * (11 - testing::steps(1, 10)) / 2, 1e-5);
  }
  // Small spaces that start again take longer.
  const auto restarted =
      linalg::gmres(laplacian, ones({n}, float64), {.tolerance = 1e-10, .max_iterations = 100000, .restart = 10});
  CHECK(restarted.converged);
  CHECK(restarted.iterations > n);
  CHECK_CLOSE(restarted.x, i * (n + 1 - i) / 2, 1e-7);
}

TEST_CASE("iterative solvers: any shape, a start, a preconditioner") {
  // A convection and diffusion problem on a grid, [6, 5], with a diagonal that varies by 1000.
  const Tensor diagonal = exp(reshape(testing::steps(0, 29, 0.25), {6, 5}));
  const auto a = [&](const Tensor& x) { return diagonal * x + 0.3 * reverse(x, {1}) - 0.2 * roll(x, 1, 0); };
  const auto symmetric = [&](const Tensor& x) { return diagonal * x + 0.3 * reverse(x, {1}); };
  const Tensor truth = reshape(sin(testing::steps(1, 30)), {6, 5});
  for (const auto& entry : solvers) {
    const std::string name = entry.first;
    const Solver solver = entry.second;
    CAPTURE(name);
    const LinearOperator matrix = name == "cg" ? LinearOperator(symmetric) : LinearOperator(a);
    const Tensor rhs = matrix(truth);
    const auto plain = solver(matrix, rhs, {.tolerance = 1e-10, .max_iterations = 1000});
    CHECK(plain.converged);
    CHECK_CLOSE(plain.x, truth, 0, 1e-5);
    const auto quick =
        solver(matrix, rhs, {.tolerance = 1e-10, .preconditioner = [&](const Tensor& r) { return r / diagonal; }});
    CHECK(quick.converged);
    CHECK_CLOSE(quick.x, truth, 0, 1e-7);
    CHECK(quick.iterations < plain.iterations / 1.3);
    const auto started = solver(matrix, rhs, {.x0 = truth, .tolerance = 1e-10});
    CHECK(started.iterations == 1);
    CHECK_CLOSE(started.x, truth, 1e-14);
    const auto few = solver(matrix, rhs, {.tolerance = 1e-10, .max_iterations = 3});
    CHECK_FALSE(few.converged);
    CHECK(few.residual_norm > 0);
    const auto zero = solver(matrix, zeros({6, 5}, float64), {});
    CHECK(zero.converged);
    CHECK_TENSOR_EQ(zero.x, zeros({6, 5}, float64));
  }
}

TEST_CASE("iterative solvers: a singular matrix does not converge, and is no error") {
  const auto singular = [](const Tensor& x) { return constant({1.0, 0.0}, float64) * x; };
  for (const auto& entry : solvers) {
    const std::string name = entry.first;
    const Solver solver = entry.second;
    CAPTURE(name);
    const auto found = solver(singular, constant({1.0, 1.0}, float64), {});
    CHECK_FALSE(found.converged);
  }
}

TEST_CASE("iterative solvers: gradients for b and for what the matrix is made of, to the second order") {
  const Tensor weights = constant({1.0, 0.5, -2.0}, float64);
  for (const auto& entry : solvers) {
    const std::string name = entry.first;
    const Solver solver = entry.second;
    CAPTURE(name);
    // A^T A and A as functions of A and of b.
    const auto x = [&](const Tensor& a, const Tensor& rhs) {
      const auto product = [a, name](const Tensor& t) {
        return name == "cg" ? matmul(a, matmul(a, t), {.transpose_a = true}) : matmul(a, t);
      };
      return solver(product, rhs, {.tolerance = 1e-14}).x;
    };
    const auto check =
        check_gradients([&](const std::vector<Tensor>& in) { return x(in[0], in[1]); }, {regular, b}, {.order = 2});
    CHECK_MESSAGE(check.ok, check.message);
    // The closed form: dL/db = A^-T w, dL/dA = -(A^-T w) x^T.
    GradientTape tape({.persistent = true});
    const Tensor a = regular * 1, rhs = b * 1;
    tape.watch({a, rhs});
    const Tensor solution = x(a, rhs), loss = reduce_sum(weights * solution);
    const Tensor matrix = matrix_for(name);
    CHECK_CLOSE(solution, linalg::solve(matrix, b), 1e-10);
    CHECK_CLOSE(tape.gradient(loss, rhs), linalg::solve(matrix, weights, {.adjoint = true}), 1e-9);
  }
}

TEST_CASE("iterative solvers: variables in the matrix, in float32") {
  const Variable scale(constant({2.0, 4.0, 8.0}));
  for (const auto& entry : solvers) {
    GradientTape tape;
    const Tensor x = entry.second([&](const Tensor& t) { return scale * t; }, ones({3}), {.tolerance = 1e-6}).x;
    CHECK_CLOSE(tape.gradient(x, scale), {-0.25, -0.0625, -0.015625}, 1e-5);
  }
}

TEST_CASE("iterative solvers: errors") {
  const auto identity = [](const Tensor& x) { return x; };
  for (const auto& entry : solvers) {
    const std::string name = entry.first;
    const Solver solver = entry.second;
    const std::string op = "[linalg." + name + "] ";
    CHECK_THROWS_TEXT(ValueError, op + "expected a function for the matrix, received an empty one", solver({}, b, {}));
    CHECK_THROWS_TEXT(TypeError, op + "expected a right-hand side, received an empty tensor",
                      solver(identity, Tensor(), {}));
    CHECK_THROWS_TEXT(TypeError, op + "expected a float32 or float64 right-hand side, received int32",
                      solver(identity, ones({3}, int32), {}));
    CHECK_THROWS_TEXT(ValueError, op + "expected tolerance >= 0, received -1", solver(identity, b, {.tolerance = -1}));
    CHECK_THROWS_TEXT(ValueError, op + "expected max_iterations >= 0, received -1",
                      solver(identity, b, {.max_iterations = -1}));
    CHECK_THROWS_TEXT(ValueError, op + "expected restart >= 1, received 0", solver(identity, b, {.restart = 0}));
    CHECK_THROWS_TEXT(TypeError, op + "x0 is float32, the right-hand side float64",
                      solver(identity, b, {.x0 = ones({3})}));
    CHECK_THROWS_TEXT(ValueError, op + "x0 has shape (2,), the right-hand side (3,)",
                      solver(identity, b, {.x0 = ones({2}, float64)}));
    CHECK_THROWS_TEXT(ValueError, op + "the matrix turned shape (3,) into ()",
                      solver([](const Tensor& x) { return reduce_sum(x); }, b, {}));
    CHECK_THROWS_TEXT(TypeError, op + "the matrix turned float64 into float32",
                      solver([](const Tensor& x) { return cast(x, float32); }, b, {}));
    CHECK_THROWS_TEXT(ValueError, op + "the matrix returned an empty tensor",
                      solver([](const Tensor&) { return Tensor(); }, b, {}));
    CHECK_THROWS_TEXT(ValueError, op + "the preconditioner returned an empty tensor",
                      solver(identity, b, {.preconditioner = [](const Tensor&) { return Tensor(); }}));
  }
}
