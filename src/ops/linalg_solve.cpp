#include "xtape/ops/linalg_solve.hpp"

#include <algorithm>

#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "kernels/lapack.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/matrices.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::linalg {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Matrices;
using detail::Read;
using detail::Write;

using Pivots = detail::PoolVector<int>;

Pivots pivots_for(const Matrices& m) { return Pivots(static_cast<std::size_t>(m.rows)); }

[[noreturn]] void fail_singular(const char* op, const Matrices& m, std::int64_t i) {
  fail<ValueError>(op, "{} is singular", detail::which(m, i));
}

}  // namespace

Tensor inverse(const Tensor& x) {
  XTAPE_NOTE(linalg::inverse, x);
  return inv(x);
}

Tensor inv(const Tensor& x) {
  XTAPE_NOTE(linalg::inv, x);
  const char* op = "linalg.inv";
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  const Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      LaunchKind::throws,
      [op, m](Read matrices, Write inverses) {
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              T* a = inverses.data<T>() + i * m.size();
              std::copy_n(matrices.data<T>() + i * m.size(), m.size(), a);
              Pivots pivots = pivots_for(m);
              if (kernels::lu(m.rows, a, pivots.data())) return false;
              kernels::lu_inverse(m.rows, a, pivots.data());
              return true;
            });
        if (bad >= 0) fail_singular(op, m, bad);
      },
      x, y);
  return record(
      op, {x}, y,
      [&] {
        return [y](const Tensor& dy) {
          return Grads{-matmul(y, matmul(dy, y, {.transpose_b = true}), {.transpose_a = true})};
        };
      },
      [&](const Tensor& t) { return -matmul(y, matmul(t, y)); });
}

namespace {

/// The LU decompositions of matrices, which can solve any number of systems.
struct Factors {
  Matrices m;
  Tensor lu, pivots;
};

Factors factorise(const char* op, const Tensor& a) {
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, a);
  Factors f{m, detail::make_tensor(a.shape(), a.dtype()), detail::make_tensor({m.batch, m.rows}, int32)};
  launch(
      LaunchKind::throws,
      [op, m](Read matrices, Write factors, Write pivots) {
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              T* lu = factors.data<T>() + i * m.size();
              std::copy_n(matrices.data<T>() + i * m.size(), m.size(), lu);
              return !kernels::lu(m.rows, lu, pivots.data<std::int32_t>() + i * m.rows);
            });
        if (bad >= 0) fail_singular(op, m, bad);
      },
      a, f.lu, f.pivots);
  return f;
}

Tensor solve_by(const Factors& f, const Tensor& b, bool adjoint) {
  Tensor x = detail::make_tensor(b.shape(), b.dtype());
  launch(
      [m = f.m, columns = static_cast<int>(b.shape(-1)), adjoint](Read lu, Read pivots, Read right, Write solution) {
        if (solution.size() == 0) return;
        detail::for_matrices(right.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
          const std::int64_t size = std::int64_t{m.rows} * columns;
          T* to = solution.data<T>() + i * size;
          std::copy_n(right.data<T>() + i * size, size, to);
          kernels::lu_solve(m.rows, columns, adjoint, lu.data<T>() + i * m.size(),
                            pivots.data<std::int32_t>() + i * m.rows, to);
          return true;
        });
      },
      f.lu, f.pivots, b, x);
  return x;
}

}  // namespace

namespace {

/// The tangent of b - a x for a fixed x, given that of a.
Tensor moved_right(Tangents t, const Tensor& da, const Tensor& x, bool adjoint) {
  if (!da.defined()) return t[1];
  const Tensor product = matmul(da, x, {.transpose_a = adjoint});
  return t[1].defined() ? t[1] - product : -product;
}

}  // namespace

Tensor solve(const Tensor& a_, const Tensor& b_, SolveOptions options) {
  XTAPE_NOTE(linalg::solve, a_, b_, options);
  const char* op = "linalg.solve";
  detail::check_square(op, a_);
  const detail::System system = detail::make_system(op, a_, b_);
  const Tensor &a = system.a, &b = system.b;
  const Factors factors = factorise(op, a);
  Tensor x = solve_by(factors, b, options.adjoint);
  x = record(
      op, {a, b}, x,
      [&] {
        return [a, x, factors, options](const Tensor& dx, Needs need) {
          // If no tape tracks a, its existing decomposition is used.
          const Tensor db = detail::fused_or_ops(
              {a, dx}, [&] { return solve_by(factors, dx, !options.adjoint); },
              [&] { return solve(a, dx, {.adjoint = !options.adjoint}); });
          Tensor da;
          if (need[0])
            da = -(options.adjoint ? matmul(x, db, {.transpose_b = true}) : matmul(db, x, {.transpose_b = true}));
          return Grads{da, db};
        };
      },
      [&](Tangents t) {
        const Tensor right = moved_right(t, t[0], x, options.adjoint);
        // If nothing tracks a, its existing decomposition is used.
        return detail::fused_or_ops(
            {a, right}, [&] { return solve_by(factors, right, options.adjoint); },
            [&] { return solve(a, right, options); });
      });
  return system.vector ? squeeze(x, -1) : x;
}

Tensor triangular_solve(const Tensor& a_, const Tensor& b_, TriangularSolveOptions options) {
  XTAPE_NOTE(linalg::triangular_solve, a_, b_, options);
  const char* op = "linalg.triangular_solve";
  kernels::need_lapack(op);
  detail::check_square(op, a_);
  const detail::System system = detail::make_system(op, a_, b_);
  const Tensor &a = system.a, &b = system.b;
  const Matrices m = detail::check_square(op, a);
  Tensor x = detail::make_tensor(b.shape(), b.dtype());
  launch(
      LaunchKind::throws,
      [op, m, columns = static_cast<int>(b.shape(-1)), options](Read triangles, Read right, Write solution) {
        const std::int64_t bad =
            detail::for_matrices(triangles.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              const T* matrix = triangles.data<T>() + i * m.size();
              for (std::int64_t j = 0; j < m.rows; ++j) {
                if (matrix[j * (m.rows + 1)] == T(0)) return false;
              }
              if (columns == 0) return true;
              const std::int64_t size = std::int64_t{m.rows} * columns;
              T* to = solution.data<T>() + i * size;
              std::copy_n(right.data<T>() + i * size, size, to);
              kernels::triangular_solve(m.rows, columns, options.lower, options.adjoint, matrix, to);
              return true;
            });
        if (bad >= 0) fail_singular(op, m, bad);
      },
      a, b, x);
  x = record(
      op, {a, b}, x,
      [&] {
        return [a, x, options](const Tensor& dx, Needs need) {
          const Tensor db = triangular_solve(a, dx, {.lower = options.lower, .adjoint = !options.adjoint});
          Tensor da;
          if (need[0]) {
            da = -(options.adjoint ? matmul(x, db, {.transpose_b = true}) : matmul(db, x, {.transpose_b = true}));
            da = options.lower ? tril(da) : triu(da);
          }
          return Grads{da, db};
        };
      },
      [&](Tangents t) {
        const Tensor triangle = t[0].defined() ? (options.lower ? tril(t[0]) : triu(t[0])) : Tensor();
        return triangular_solve(a, moved_right(t, triangle, x, options.adjoint), options);
      });
  return system.vector ? squeeze(x, -1) : x;
}

Tensor cholesky(const Tensor& x) {
  XTAPE_NOTE(linalg::cholesky, x);
  const char* op = "linalg.cholesky";
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  const Tensor l = detail::make_tensor(x.shape(), x.dtype());
  launch(
      LaunchKind::throws,
      [op, m](Read matrices, Write factors) {
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              T* factor = factors.data<T>() + i * m.size();
              std::copy_n(matrices.data<T>() + i * m.size(), m.size(), factor);
              return kernels::cholesky(m.rows, factor);
            });
        if (bad >= 0) fail<ValueError>(op, "{} is not positive definite", detail::which(m, bad));
      },
      x, l);
  return record(
      op, {x}, l,
      [&] {
        return [l](const Tensor& dl) {
          // L^-T P L^-1, made symmetric, where P is the lower triangle of L^T dL with half of its diagonal.
          Tensor p = tril(matmul(l, dl, {.transpose_a = true}));
          p = p - linalg::diag(diag_part(p)) * 0.5;
          const Tensor left = triangular_solve(l, p, {.adjoint = true});
          const Tensor s = triangular_solve(l, matrix_transpose(left), {.adjoint = true});
          return Grads{(s + matrix_transpose(s)) * 0.5};
        };
      },
      [&](const Tensor& t) {
        // L times the lower triangle of L^-1 T L^-T with half of its diagonal, where T is t made symmetric.
        const Tensor half = triangular_solve(l, (t + matrix_transpose(t)) * 0.5);
        Tensor p = tril(triangular_solve(l, matrix_transpose(half)));
        p = p - linalg::diag(diag_part(p)) * 0.5;
        return matmul(l, p);
      });
}

}  // namespace xtape::linalg
