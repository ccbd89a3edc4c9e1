#include <algorithm>

#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/lapack.hpp"
#include "ops/matrices.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::linalg {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Matrices;
using detail::PoolVector;
using detail::Read;
using detail::Write;

Tensor times_transposed(const Tensor& a, const Tensor& b) { return matmul(a, b, {.transpose_b = true}); }
Tensor transposed_times(const Tensor& a, const Tensor& b) { return matmul(a, b, {.transpose_a = true}); }

/// Matrix i of a batch.
template <class T>
const T* matrix(Read batch, const Matrices& m, std::int64_t i) {
  return batch.data<T>() + i * m.size();
}
template <class T>
T* matrix(Write batch, std::int64_t i) {
  return batch.data<T>() + i * batch.shape().at(-1) * batch.shape().at(-2);
}
/// A copy that LAPACK overwrites.
template <class T>
PoolVector<T> copied(const T* values, std::int64_t n) {
  return PoolVector<T>(values, values + n);
}

template <class T>
void fill_nan(T* values, std::int64_t n) {
  std::fill_n(values, n, std::numeric_limits<T>::quiet_NaN());
}

Tensor sum(const Tensor& a, const Tensor& b) { return a.defined() && b.defined() ? a + b : a.defined() ? a : b; }

/// The gradient of x = q r for m >= n: (dq + q c(r dr^T - dq^T q)) r^-T, where c mirrors the lower triangle (Walter and
/// Lehmann, 2010).
Tensor tall_qr_gradient(const Tensor& q, const Tensor& r, const Tensor& dq, const Tensor& dr) {
  Tensor m;
  if (dr.defined()) m = times_transposed(r, dr);
  if (dq.defined()) m = sum(m, -transposed_times(dq, q));
  const Tensor symmetric = tril(m) + matrix_transpose(tril(m, -1));  // the lower triangle, mirrored
  const Tensor left = sum(dq, matmul(q, symmetric));
  return matrix_transpose(triangular_solve(r, matrix_transpose(left), {.lower = false}));
}

/// 1 / (b_j - b_i), and 0 where it is not finite.
Tensor inverse_differences(const Tensor& b) {
  const Tensor difference = expand_dims(b, -2) - expand_dims(b, -1);
  const Tensor none = difference == 0;
  return where(none, 0, 1 / where(none, 1, difference));
}

Tensor safe_reciprocal(const Tensor& s) {
  const Tensor none = s == 0;
  return where(none, 0, 1 / where(none, 1, s));
}

/// The gradient of x = u diag(s) v^T (Townsend, "Differentiating the Singular Value Decomposition", 2016):
/// u (diag(ds) + (F o (u^T du - du^T u)) diag(s) + diag(s) (F o (v^T dv - dv^T v))) v^T, F_ij = 1 / (s_j^2 - s_i^2),
/// plus the parts of du and dv outside the spans of u and v, for m != n.
Tensor svd_gradient(const Tensor& s, const Tensor& u, const Tensor& v, const Tensor& ds, const Tensor& du,
                    const Tensor& dv) {
  Tensor inner, outside;
  if (ds.defined()) inner = linalg::diag(ds);
  if (du.defined() || dv.defined()) {
    const Tensor f = inverse_differences(square(s));
    const Tensor row = expand_dims(s, -2), column = expand_dims(s, -1);
    const auto skew = [&f](const Tensor& w, const Tensor& dw) {
      const Tensor k = transposed_times(w, dw);
      return f * (k - matrix_transpose(k));
    };
    if (du.defined()) {
      inner = sum(inner, skew(u, du) * row);
      if (u.shape(-2) > u.shape(-1)) {  // the part of du outside the span of u
        const Tensor w = times_transposed(du * expand_dims(safe_reciprocal(s), -2), v);
        outside = w - matmul(u, transposed_times(u, w));
      }
    }
    if (dv.defined()) {
      inner = sum(inner, column * skew(v, dv));
      if (v.shape(-2) > v.shape(-1)) {
        const Tensor w = times_transposed(u, dv * expand_dims(safe_reciprocal(s), -2));
        outside = sum(outside, w - times_transposed(matmul(w, v), v));
      }
    }
  }
  return sum(matmul(u, times_transposed(inner, v)), outside);
}

/// The tangents of q and r for m >= n, when x moves by dx: with m = q^T dx r^-1 and the skew w of its lower triangle,
/// dq = dx r^-1 - q (m - w) and dr = (m - w) r.
std::pair<Tensor, Tensor> tall_qr_tangents(const Tensor& q, const Tensor& r, const Tensor& dx) {
  const Tensor scaled =
      matrix_transpose(triangular_solve(r, matrix_transpose(dx), {.lower = false, .adjoint = true}));  // dx r^-1
  const Tensor m = transposed_times(q, scaled), lower = tril(m, -1);
  const Tensor rest = m - (lower - matrix_transpose(lower));
  return {scaled - matmul(q, rest), matmul(rest, r)};
}

/// The tangents of s, u and v, when x moves by dx (Townsend 2016): with p = u^T dx v and F as for the gradient,
/// ds = diag(p), du = u (F o (p diag(s) + diag(s) p^T)), dv = v (F o (diag(s) p + p^T diag(s))), plus the parts outside
/// the spans of u and v, for m != n.
Tensors svd_tangents(const Tensor& s, const Tensor& u, const Tensor& v, const Tensor& dx) {
  const Tensor to_right = matmul(dx, v), to_left = transposed_times(dx, u), p = transposed_times(u, to_right);
  const Tensor f = inverse_differences(square(s)), row = expand_dims(s, -2), column = expand_dims(s, -1);
  const Tensor p_t = matrix_transpose(p), inverse = expand_dims(safe_reciprocal(s), -2);
  Tensor du = matmul(u, f * (p * row + column * p_t)), dv = matmul(v, f * (column * p + p_t * row));
  if (u.shape(-2) > u.shape(-1)) du = du + (to_right - matmul(u, p)) * inverse;
  if (v.shape(-2) > v.shape(-1)) dv = dv + (to_left - matmul(v, p_t)) * inverse;
  return {linalg::diag_part(p), du, dv};
}

}  // namespace

Qr qr(const Tensor& x) {
  XTAPE_NOTE(linalg::qr, x);
  const char* op = "linalg.qr";
  kernels::need_lapack(op);
  const Matrices m = detail::check_matrices(op, x);
  const int k = std::min(m.rows, m.columns);
  Tensor out[2] = {detail::make_tensor(m.shape(m.rows, k), x.dtype()),
                   detail::make_tensor(m.shape(k, m.columns), x.dtype())};
  launch(
      [m](Read matrices, Write q, Write r) {
        detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
          PoolVector<T> a = copied(matrix<T>(matrices, m, i), m.size());
          kernels::qr(m.rows, m.columns, a.data(), matrix<T>(q, i), matrix<T>(r, i));
          return true;
        });
      },
      x, out[0], out[1]);
  record(
      op, {x}, std::span<Tensor>(out),
      [&] {
        return [x, q = out[0], r = out[1], k](std::span<const Tensor> d) {
          const std::int64_t rest = x.shape(-1) - k;
          if (rest <= 0) return Grads{tall_qr_gradient(q, r, d[0], d[1])};
          // [a b] = q [u v] with square a and u, so that v = q^T b.
          const Tensor u = slice_axis(r, -1, 0, k), b = slice_axis(x, -1, k, rest);
          Tensor dq = d[0], du, db;
          if (d[1].defined()) {
            du = slice_axis(d[1], -1, 0, k);
            const Tensor dv = slice_axis(d[1], -1, k, rest);
            dq = sum(dq, times_transposed(b, dv));
            db = matmul(q, dv);
          } else {
            db = detail::filled(b.shape(), b.dtype(), 0);
          }
          return Grads{concat({tall_qr_gradient(q, u, dq, du), db}, -1)};
        };
      },
      [&](Tangents t) {
        const std::int64_t rest = x.shape(-1) - k;
        if (rest <= 0) {
          const auto [dq, dr] = tall_qr_tangents(out[0], out[1], t[0]);
          return Tensors{dq, dr};
        }
        const auto [dq, du] = tall_qr_tangents(out[0], slice_axis(out[1], -1, 0, k), slice_axis(t[0], -1, 0, k));
        const Tensor b = slice_axis(x, -1, k, rest), db = slice_axis(t[0], -1, k, rest);
        return Tensors{dq, concat({du, transposed_times(dq, b) + transposed_times(out[0], db)}, -1)};
      });
  return {out[0], out[1]};
}

Svd svd(const Tensor& x) {
  XTAPE_NOTE(linalg::svd, x);
  const char* op = "linalg.svd";
  kernels::need_lapack(op);
  const Matrices m = detail::check_matrices(op, x);
  const int k = std::min(m.rows, m.columns);
  Tensor out[3] = {detail::make_tensor(m.shape(k), x.dtype()), detail::make_tensor(m.shape(m.rows, k), x.dtype()),
                   detail::make_tensor(m.shape(m.columns, k), x.dtype())};
  launch(
      LaunchKind::throws,
      [op, m, k](Read matrices, Write values, Write left, Write right) {
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              const T* in = matrix<T>(matrices, m, i);
              T *s = values.data<T>() + i * k, *u = matrix<T>(left, i), *v = matrix<T>(right, i);
              if (detail::all_finite(in, m.size())) {
                PoolVector<T> a = copied(in, m.size());
                return kernels::svd(m.rows, m.columns, a.data(), s, u, v);
              }
              fill_nan(s, k);
              fill_nan(u, std::int64_t{m.rows} * k);
              fill_nan(v, std::int64_t{m.columns} * k);
              return true;
            });
        if (bad >= 0) fail<ValueError>(op, "did not converge for {}", detail::which(m, bad));
      },
      x, out[0], out[1], out[2]);
  record(
      op, {x}, std::span<Tensor>(out),
      [&] {
        return [s = out[0], u = out[1], v = out[2]](std::span<const Tensor> d) {
          return Grads{svd_gradient(s, u, v, d[0], d[1], d[2])};
        };
      },
      [&](Tangents t) { return svd_tangents(out[0], out[1], out[2], t[0]); });
  return {out[0], out[1], out[2]};
}

Eigh eigh(const Tensor& x) {
  XTAPE_NOTE(linalg::eigh, x);
  const char* op = "linalg.eigh";
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  Tensor out[2] = {detail::make_tensor(m.shape(m.rows), x.dtype()), detail::make_tensor(x.shape(), x.dtype())};
  launch(
      LaunchKind::throws,
      [op, m](Read matrices, Write values, Write vectors) {
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              const T* in = matrix<T>(matrices, m, i);
              T *w = values.data<T>() + i * m.rows, *v = matrix<T>(vectors, i);
              bool finite = true;
              for (std::int64_t row = 0; row < m.rows; ++row) {
                finite = finite && detail::all_finite(in + row * m.rows, row + 1);
              }
              if (finite) {
                std::copy_n(in, m.size(), v);
                return kernels::eigh(m.rows, v, w);
              }
              fill_nan(w, m.rows);
              fill_nan(v, m.size());
              return true;
            });
        if (bad >= 0) fail<ValueError>(op, "did not converge for {}", detail::which(m, bad));
      },
      x, out[0], out[1]);
  record(
      op, {x}, std::span<Tensor>(out),
      [&] {
        return [w = out[0], v = out[1]](std::span<const Tensor> d) {
          Tensor inner;
          if (d[0].defined()) inner = linalg::diag(d[0]);
          if (d[1].defined()) inner = sum(inner, inverse_differences(w) * transposed_times(v, d[1]));
          const Tensor g = matmul(v, times_transposed(inner, v));
          return Grads{tril(g) + tril(matrix_transpose(g), -1)};
        };
      },
      [&](Tangents t) {  // of the symmetric matrix whose lower triangle x has
        const Tensor dx = tril(t[0]) + matrix_transpose(tril(t[0], -1));
        const Tensor p = transposed_times(out[1], matmul(dx, out[1]));
        return Tensors{linalg::diag_part(p), matmul(out[1], inverse_differences(out[0]) * p)};
      });
  return {out[0], out[1]};
}

}  // namespace xtape::linalg
