#include "xtape/ops/linalg_solve.hpp"

#include "ops/matrix_table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// Ops that solve or invert: f of square matrices and maybe right-hand sides, and equations that the result must
/// satisfy.
const Table<MatrixRow> linalg_solve_table{
    {"linalg::inv",
     [](const auto& x) { return linalg::inv(x[0]); },
     {{3, 3}},
     [](const auto& x, const Tensor& y) { return close_to_eye(matmul(x[0], y)); }},
    {"linalg::inv",
     [](const auto& x) { return linalg::inv(x[0]); },
     {{1, 1}},
     [](const auto& x, const Tensor& y) { return close_to_eye(matmul(x[0], y)); }},
    {"linalg::inv",
     [](const auto& x) { return linalg::inv(x[0]); },
     {{2, 2, 3, 3}},
     [](const auto& x, const Tensor& y) { return close_to_eye(matmul(y, x[0])); }},
    {"linalg::inverse",
     [](const auto& x) { return linalg::inverse(x[0]); },
     {{4, 4}},
     [](const auto& x, const Tensor& y) { return close_to_eye(matmul(x[0], y)); }},
    {"linalg::det",
     [](const auto& x) { return linalg::det(x[0]); },
     {{3, 3}},
     [](const auto& x, const Tensor& y) { return close_to(y, by_leibniz(x[0])); }},
    {"linalg::det",
     [](const auto& x) { return linalg::det(x[0]); },
     {{1, 1}},
     [](const auto& x, const Tensor& y) { return close_to(y, by_leibniz(x[0])); }},
    {"linalg::det",
     [](const auto& x) { return linalg::det(x[0]); },
     {{2, 3, 4, 4}},
     [](const auto& x, const Tensor& y) { return close_to(y, by_leibniz(x[0])); }},
    {"linalg::slogdet",
     [](const auto& x) {
       const auto [sign, logdet] = linalg::slogdet(x[0]);
       return sign * exp(logdet);
     },
     {{2, 3, 3}},
     [](const auto& x, const Tensor& y) { return close_to(y, by_leibniz(x[0])); }},
    {"linalg::slogdet",
     [](const auto& x) { return linalg::slogdet(x[0]).logdet; },
     {{3, 3}},
     [](const auto& x, const Tensor& y) { return close_to(y, log(abs(by_leibniz(x[0])))); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1]); },
     {{3, 3}, {3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y), x[1]); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1], {.adjoint = true}); },
     {{3, 3}, {3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y, {.transpose_a = true}), x[1]); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1]); },
     {{4, 4}, {4}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y), x[1]); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1]); },
     {{2, 3, 3}, {2, 3, 1}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y), x[1]); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1]); },
     {{3, 3}, {2, 3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y), x[1]); }},
    {"linalg::solve",
     [](const auto& x) { return linalg::solve(x[0], x[1]); },
     {{2, 1, 3, 3}, {2, 3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(x[0], y), x[1] + 0 * y); }},
    {"linalg::triangular_solve",
     [](const auto& x) { return linalg::triangular_solve(x[0], x[1]); },
     {{3, 3}, {3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(tril(x[0]), y), x[1]); }},
    {"linalg::triangular_solve",
     [](const auto& x) { return linalg::triangular_solve(x[0], x[1], {.lower = false}); },
     {{3, 3}, {3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(triu(x[0]), y), x[1]); }},
    {"linalg::triangular_solve",
     [](const auto& x) { return linalg::triangular_solve(x[0], x[1], {.adjoint = true}); },
     {{2, 3, 3}, {3, 1}},
     [](const auto& x, const Tensor& y) {
       return close_to(matmul(tril(x[0]), y, {.transpose_a = true}), x[1] + 0 * y);
     }},
    {"linalg::triangular_solve",
     [](const auto& x) { return linalg::triangular_solve(x[0], x[1], {.lower = false, .adjoint = true}); },
     {{3, 3}, {3}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(triu(x[0]), y, {.transpose_a = true}), x[1]); }},
    // The matrix is made symmetric inside, since the gradient is for symmetric matrices.
    {"linalg::cholesky",
     [](const auto& x) { return linalg::cholesky(gram(x[0])); },
     {{3, 3}},
     [](const auto& x, const Tensor& y) {
       return close_to(matmul(y, y, {.transpose_b = true}), gram(x[0])) && close_to(triu(y, 1), 0 * y);
     }},
    {"linalg::cholesky",
     [](const auto& x) { return linalg::cholesky(gram(x[0])); },
     {{2, 4, 4}},
     [](const auto& x, const Tensor& y) { return close_to(matmul(y, y, {.transpose_b = true}), gram(x[0])); }},
    {"linalg::cholesky",
     [](const auto& x) { return linalg::cholesky(gram(x[0])); },
     {{1, 1}},
     [](const auto& x, const Tensor& y) { return close_to(y * y, gram(x[0])); }},
};

const FunctionRows linalg_solve_replays(linalg_solve_table, [](const auto& row) { return under_function(row); });

}  // namespace

TEST_CASE("linear systems: what defines the result, in both dtypes; gradients to the second order") {
  check_matrix_rows(linalg_solve_table);
}

TEST_CASE("linear systems: published values") {
  // numpy.linalg's documentation.
  CHECK_CLOSE(linalg::inv(constant({{1.0, 2.0}, {3.0, 4.0}}, float64)), {-2, 1, 1.5, -0.5}, 1e-14);
  CHECK_CLOSE(linalg::solve(constant({{1.0, 2.0}, {3.0, 5.0}}, float64), constant({1.0, 2.0}, float64)), {-1, 1},
              1e-14);
  CHECK_CLOSE(
      linalg::det(constant({{{1.0, 2.0}, {3.0, 4.0}}, {{1.0, 2.0}, {2.0, 1.0}}, {{1.0, 3.0}, {3.0, 1.0}}}, float64)),
      {-2, -3, -8}, 1e-14);
  // Wikipedia's example of a Cholesky decomposition.
  CHECK_CLOSE(linalg::cholesky(constant({{4.0, 12.0, -16.0}, {12.0, 37.0, -43.0}, {-16.0, -43.0, 98.0}}, float64)),
              {2, 0, 0, 6, 1, 0, -8, 5, 3}, 1e-13);
  const auto [sign, logdet] = linalg::slogdet(eye(500, -1, float64) * 0.1);
  CHECK_CLOSE(sign, 1);
  CHECK_CLOSE(logdet, 500 * std::log(0.1), 1e-14);
  CHECK_CLOSE(linalg::det(eye(500, -1, float64) * 0.1), 0, 0, 1e-300);
}

TEST_CASE("linear systems: singular matrices have a determinant with a gradient") {
  const Tensor x = constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}, {5.0, 7.0, 9.0}}, float64);
  const Tensor cofactors = constant({{3.0, -6.0, 3.0}, {3.0, -6.0, 3.0}, {-3.0, 6.0, -3.0}}, float64);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = linalg::det(x);
  CHECK_CLOSE(y, 0, 0, 1e-14);
  CHECK_CLOSE(tape.gradient(y, x), cofactors, 1e-11, 1e-11);
  // The first matrix has a pivot of exactly 0; the second one keeps its gradient.
  const Tensor zero_row = constant({{{1.0, 2.0}, {0.0, 0.0}}, {{1.0, 2.0}, {3.0, 4.0}}}, float64);
  GradientTape second;
  second.watch(zero_row);
  const Tensor dets = linalg::det(zero_row);
  CHECK_CLOSE(dets, {0, -2}, 1e-14, 1e-14);
  CHECK_CLOSE(second.gradient(dets, zero_row), {0, 0, -2, 1, 4, -3, -2, 1}, 1e-13, 1e-14);
  CHECK(check_gradients([](const Tensor& t) { return linalg::det(t); }, constant({{1.0, 2.0}, {0.0, 0.0}}, float64),
                        {.order = 2, .rtol = 1e-4}));
  // A matrix with equal singular values, which have no derivatives, in a batch with a singular matrix.
  CHECK(check_gradients([](const Tensor& t) { return linalg::det(t); },
                        constant({{{1.0, 0.0}, {0.0, 1.0}}, {{1.0, 2.0}, {0.0, 0.0}}}, float64),
                        {.order = 2, .rtol = 1e-4}));
  const auto [sign, logdet] = linalg::slogdet(zero_row);
  CHECK_CLOSE(sign, {0, -1});
  CHECK_CLOSE(logdet, {-std::numeric_limits<double>::infinity(), std::log(2.0)}, 1e-14);
}

TEST_CASE("linear systems: cholesky reads the lower triangle and has a symmetric gradient") {
  const Tensor x = constant({{4.0, 99.0}, {2.0, 3.0}}, float64);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = linalg::cholesky(x);
  CHECK_CLOSE(y, {2, 0, 1, std::sqrt(2.0)}, 1e-15);
  // l10 = x10 / sqrt(x00): both triangles have half of d l10 / d x10 = 1 / 2.
  const Tensor g = tape.gradient(y * constant({{0.0, 0.0}, {1.0, 0.0}}, float64), x);
  CHECK_CLOSE(g, {-0.125, 0.25, 0.25, 0}, 1e-14, 1e-15);
}

TEST_CASE("linear systems: large and small elements") {
  for (const DType dtype : {float32, float64}) {
    for (const double scale : {300.0, -300.0, 1e-12, 1e12}) {
      const Tensor a = well_conditioned({3, 3}, dtype) * scale, b = some({3, 2}, dtype);
      CHECK(close_to_eye(matmul(a, linalg::inv(a))));
      CHECK(close_to(matmul(a, linalg::solve(a, b)), b));
      CHECK_CLOSE(linalg::slogdet(a).logdet, linalg::slogdet(a / scale).logdet + 3 * std::log(std::abs(scale)), 1e-5,
                  1e-5);
    }
  }
  const Tensor nan = constant({{1.0, std::nan("")}, {0.0, 1.0}}, float64);
  CHECK(std::isnan(linalg::inv(nan).to_vector<double>()[1]));
  CHECK(std::isnan(linalg::det(constant({{1.0, 2.0}, {std::nan(""), 4.0}}, float64)).item()));
}

TEST_CASE("linear systems: empty matrices and batches") {
  const Tensor none = zeros({0, 0}, float64), no_batch = zeros({0, 2, 2}, float64);
  CHECK(linalg::inv(none).shape() == Shape{0, 0});
  CHECK(linalg::inv(no_batch).shape() == Shape{0, 2, 2});
  CHECK_CLOSE(linalg::det(none), 1);
  CHECK(linalg::det(no_batch).shape() == Shape{0});
  CHECK_CLOSE(linalg::slogdet(none).logdet, 0);
  CHECK(linalg::cholesky(none).shape() == Shape{0, 0});
  CHECK(linalg::solve(none, zeros({0, 3}, float64)).shape() == Shape{0, 3});
  CHECK(linalg::solve(eye(2), zeros({2, 0})).shape() == Shape{2, 0});
  CHECK(linalg::triangular_solve(no_batch, zeros({2, 1}, float64)).shape() == Shape{0, 2, 1});
}

TEST_CASE("linear systems: a batch on several threads") {
  const Tensor a = well_conditioned({4000, 6, 6}, float64), b = some({4000, 6, 2});
  const auto with_threads = [&](int threads) {
    const Threads set(threads);
    return std::vector<Tensor>{linalg::inv(a), linalg::det(a), linalg::solve(a, b), linalg::cholesky(gram(a))};
  };
  const std::vector<Tensor> one = with_threads(1), three = with_threads(3);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK_CLOSE(three[i], one[i], 1e-12, 1e-13);
  CHECK_CLOSE(matmul(a, three[2]), b, 1e-9, 1e-10);
}

TEST_CASE("linear systems: larger than LAPACK's blocks") {
  const Tensor a = well_conditioned({150, 150}, float64), b = some({150, 3});
  CHECK(close_to_eye(matmul(a, linalg::inv(a))));
  CHECK(close_to(matmul(a, linalg::solve(a, b)), b));
  CHECK(close_to(matmul(a, linalg::solve(a, b, {.adjoint = true}), {.transpose_a = true}), b));
  const Tensor l = linalg::cholesky(gram(a));
  CHECK(close_to(matmul(l, l, {.transpose_b = true}), gram(a)));
}

TEST_CASE("linear systems: errors") {
  const Tensor singular = constant({{1.0, 1.0}, {1.0, 1.0}}), rhs = ones({2, 1});
  CHECK_THROWS_TEXT(ValueError, "[linalg.inv] the matrix is singular", linalg::inv(singular));
  CHECK_THROWS_TEXT(ValueError, "[linalg.inv] matrix 1 of the batch is singular",
                    linalg::inv(stack({eye(2), singular})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.inv] expected square matrices [..., n, n]: received shape (2, 3)",
                    linalg::inv(ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.inv] expected matrices [..., m, n]: received shape (3,)",
                    linalg::inv(ones({3})));
  CHECK_THROWS_TEXT(TypeError, "[linalg.inv] expected float32 or float64, received int32",
                    linalg::inv(ones({2, 2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[linalg.det] expected float32 or float64, received bfloat16",
                    linalg::det(ones({2, 2}, bfloat16)));
  CHECK_THROWS_TEXT(ValueError, "[linalg.det] expected square", linalg::det(ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.slogdet] expected square", linalg::slogdet(ones({2, 3})).sign);
  CHECK_THROWS_TEXT(ValueError, "[linalg.solve] the matrix is singular", linalg::solve(singular, rhs));
  CHECK_THROWS_TEXT(ValueError,
                    "[linalg.solve] a right-hand side of shape (3, 1) does not fit matrices of shape (2, 2)",
                    linalg::solve(eye(2), ones({3, 1})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.solve] a right-hand side of shape () does not fit",
                    linalg::solve(eye(2), ones({})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.solve] shapes do not broadcast: (2,) and (3,)",
                    linalg::solve(ones({2, 2, 2}), ones({3, 2, 1})));
  CHECK_THROWS_TEXT(TypeError, "[linalg.solve] dtypes differ: float32 and float64",
                    linalg::solve(eye(2), ones({2, 1}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[linalg.triangular_solve] the matrix is singular",
                    linalg::triangular_solve(constant({{1.0, 0.0}, {1.0, 0.0}}), rhs));
  CHECK_THROWS_TEXT(ValueError, "[linalg.triangular_solve] expected square",
                    linalg::triangular_solve(ones({2, 3}), rhs));
  CHECK_THROWS_TEXT(ValueError, "[linalg.cholesky] matrix 1 of the batch is not positive definite",
                    linalg::cholesky(stack({eye(2), -eye(2)})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.cholesky] the matrix is not positive definite",
                    linalg::cholesky(constant({{1.0, 2.0}, {2.0, 1.0}})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.cholesky] the matrix is not positive definite",
                    linalg::cholesky(full({2, 2}, std::nan(""))));
  CHECK_THROWS_TEXT(ValueError, "[linalg.cholesky] expected square", linalg::cholesky(ones({2, 3})));
}
