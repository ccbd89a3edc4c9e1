#include "libtorch/compare.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_functions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::libtorch {
namespace {

using X = const std::vector<Tensor>&;

// What a decomposition takes: made of any matrix, so that gradients do not depend on which triangle is read.
Tensor symmetric(const Tensor& x) { return x + linalg::matrix_transpose(x); }
Tensor definite(const Tensor& x) { return matmul(x, x, {.transpose_b = true}) + eye(x.shape(-1), -1, float64); }
Tensor far_from_singular(const Tensor& x) { return x + 5 * eye(x.shape(-1), -1, float64); }

}  // namespace

std::vector<Row> linalg_rows() {
  return {
      {"matmul", {{3, 4}, {4, 5}}, [](X x) { return matmul(x[0], x[1]); }},
      {"matmul, transposed",
       {{4, 3}, {5, 4}},
       [](X x) { return matmul(x[0], x[1], {.transpose_a = true, .transpose_b = true}); }},
      {"matmul, batches", {{2, 1, 3, 4}, {5, 4, 2}}, [](X x) { return matmul(x[0], x[1]); }},
      {"matmul, matrix and vector", {{2, 3, 4}, {4}}, [](X x) { return matmul(x[0], x[1]); }},
      {"matmul, vector and matrix", {{4}, {2, 4, 3}}, [](X x) { return matmul(x[0], x[1]); }},
      {"matmul, vectors", {{4}, {4}}, [](X x) { return matmul(x[0], x[1]); }},
      {"linear", {{2, 3, 4}, {4, 5}, {5}}, [](X x) { return linear(x[0], x[1], x[2]); }},
      {"tensordot", {{2, 3, 4}, {3, 4, 5}}, [](X x) { return tensordot(x[0], x[1], 2); }},
      {"tensordot, axes",
       {{2, 3, 4}, {4, 5, 2}},
       [](X x) {
         return tensordot(x[0], x[1], {{0, 2}, {2, 0}});
       }},
      {"outer", {{3}, {4}}, [](X x) { return outer(x[0], x[1]); }},
      {"dot", {{4}, {4}}, [](X x) { return dot(x[0], x[1]); }},
      {"matvec", {{3, 4}, {4}}, [](X x) { return linalg::matvec(x[0], x[1]); }},
      {"einsum, batches",
       {{2, 3, 4}, {2, 4, 5}},
       [](X x) {
         return einsum("bij,bjk->bik", {x[0], x[1]});
       }},
      {"einsum, three",
       {{2, 3}, {3, 4}, {4}},
       [](X x) {
         return einsum("ij,jk,k->i", {x[0], x[1], x[2]});
       }},
      {"einsum, diagonal", {{3, 3}}, [](X x) { return einsum("ii->i", {x[0]}); }},
      {"einsum, dots",
       {{2, 3, 4}, {3, 4}},
       [](X x) {
         return einsum("...i,...i->...", {x[0], x[1]});
       }},

      {"inv", {{2, 3, 3}}, [](X x) { return linalg::inv(far_from_singular(x[0])); }},
      {"det", {{2, 3, 3}}, [](X x) { return linalg::det(x[0]); }},
      {"slogdet", {{2, 3, 3}}, [](X x) { return linalg::slogdet(far_from_singular(x[0])).logdet; }},
      {"solve", {{2, 3, 3}, {2, 3, 2}}, [](X x) { return linalg::solve(far_from_singular(x[0]), x[1]); }},
      {"triangular_solve",
       {{3, 3}, {3, 2}},
       [](X x) { return linalg::triangular_solve(far_from_singular(x[0]), x[1]); }},
      {"triangular_solve, upper",
       {{3, 3}, {3, 2}},
       [](X x) { return linalg::triangular_solve(far_from_singular(x[0]), x[1], {.lower = false}); }},
      {"cholesky", {{2, 3, 3}}, [](X x) { return linalg::cholesky(definite(x[0])); }},
      {"lstsq", {{5, 3}, {5, 2}}, [](X x) { return linalg::lstsq(x[0], x[1]); }},
      {"qr, q", {{4, 3}}, [](X x) { return abs(linalg::qr(x[0]).q); }},
      {"qr, r", {{4, 3}}, [](X x) { return abs(linalg::qr(x[0]).r); }},
      {"svd, s", {{2, 4, 3}}, [](X x) { return linalg::svd(x[0]).s; }},
      {"svd, u", {{4, 3}}, [](X x) { return square(linalg::svd(x[0]).u); }},
      {"svd, v", {{4, 3}}, [](X x) { return square(linalg::svd(x[0]).v); }},
      {"eigh, w", {{2, 4, 4}}, [](X x) { return linalg::eigh(symmetric(x[0])).w; }},
      {"eigh, v", {{4, 4}}, [](X x) { return square(linalg::eigh(symmetric(x[0])).v); }},
      {"pinv", {{2, 4, 3}}, [](X x) { return linalg::pinv(x[0]); }},
      {"eigvalsh", {{2, 4, 4}}, [](X x) { return linalg::eigvalsh(symmetric(x[0])); }},
      {"logdet", {{2, 3, 3}}, [](X x) { return linalg::logdet(definite(x[0])); }},
      {"matrix_power", {{2, 3, 3}}, [](X x) { return linalg::matrix_power(x[0], 5); }},
      {"matrix_power, negative", {{3, 3}}, [](X x) { return linalg::matrix_power(far_from_singular(x[0]), -3); }},
      {"expm", {{2, 3, 3}}, [](X x) { return linalg::expm(x[0]); }},
      {"cond", {{2, 4, 3}}, [](X x) { return linalg::cond(x[0]); }},
      {"cond, 1", {{3, 3}}, [](X x) { return linalg::cond(far_from_singular(x[0]), 1); }},
      {"matrix_norm", {{2, 3, 4}}, [](X x) { return linalg::matrix_norm(x[0]); }},
      {"matrix_norm, nuclear", {{3, 4}}, [](X x) { return linalg::matrix_norm(x[0], "nuc"); }},
      {"matrix_norm, 1", {{3, 4}}, [](X x) { return linalg::matrix_norm(x[0], 1); }},
      {"matrix_norm, 2", {{3, 4}}, [](X x) { return linalg::matrix_norm(x[0], 2); }},
  };
}

}  // namespace xtape::libtorch
