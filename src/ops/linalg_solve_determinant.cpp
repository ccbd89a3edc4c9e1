#include <algorithm>
#include <cmath>

#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/lapack.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/matrices.hpp"
#include "xtape/core/creation.hpp"
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

using detail::launch;
using detail::LaunchKind;
using detail::Matrices;
using detail::PoolVector;
using detail::Read;
using detail::Write;

/// One number for each matrix, shaped to multiply the matrices.
Tensor as_factor(const Tensor& numbers) { return expand_dims(expand_dims(numbers, -1), -1); }

void fill(Write numbers, double value) {
  kernels::visit_floating(numbers.dtype(), [&]<class T>(kernels::Type<T>) {
    std::fill_n(numbers.data<T>(), numbers.size(), static_cast<T>(value));
  });
}

/// The LU decomposition of a matrix in place, and the sign of its permutation. Returns whether the matrix is singular.
template <class T>
bool decompose(int n, T* a, int* pivots, T& sign) {
  const bool singular = kernels::lu(n, a, pivots);
  bool odd = false;
  for (int j = 0; j < n; ++j) odd = odd != (pivots[j] != j + 1);
  sign = odd ? T(-1) : T(1);
  return singular;
}

/// A copy that LAPACK overwrites.
template <class T>
PoolVector<T> matrix(Read batch, const Matrices& m, std::int64_t i) {
  const T* first = batch.data<T>() + i * m.size();
  return PoolVector<T>(first, first + m.size());
}

template <class T>
T diagonal_product(int n, const T* a) {
  T product = 1;
  for (std::int64_t j = 0; j < n; ++j) product *= a[j * (n + 1)];
  return product;
}

template <class T>
T determinant(int n, PoolVector<T> a) {
  PoolVector<int> pivots(static_cast<std::size_t>(n));
  T sign;
  decompose(n, a.data(), pivots.data(), sign);
  return sign * diagonal_product(n, a.data());
}

/// det(x) x^-T from an LU decomposition.
template <class T>
void cofactors_by_lu(int n, T* lu, const int* pivots, T sign, T* to) {
  const T det = sign * diagonal_product(n, lu);
  kernels::lu_inverse(n, lu, pivots);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) to[i * n + j] = det * lu[j * n + i];
  }
}

/// The cofactors of x = u diag(s) v^T: det(u) det(v) u diag(products of the other s) v^T. Returns false if the
/// decomposition does not converge.
template <class T>
bool cofactors_by_svd(int n, PoolVector<T> x, T* to) {
  const auto size = static_cast<std::size_t>(n), all = size * size;
  if (!detail::all_finite(x.data(), static_cast<std::int64_t>(all))) {
    std::fill_n(to, all, std::numeric_limits<T>::quiet_NaN());
    return true;
  }
  PoolVector<T> s(size), u(all), v(all);
  if (!kernels::svd(n, n, x.data(), s.data(), u.data(), v.data())) return false;
  const T sign = determinant(n, u) * determinant(n, v);
  for (std::size_t k = 0; k < size; ++k) {
    T others = sign;
    for (std::size_t l = 0; l < size; ++l) others *= l == k ? T(1) : s[l];
    for (std::size_t i = 0; i < size; ++i) u[i * size + k] *= others;
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      T sum = 0;
      for (std::size_t k = 0; k < size; ++k) sum += u[i * size + k] * v[j * size + k];
      to[i * size + j] = sum;
    }
  }
  return true;
}

/// The same in public ops.
Tensor cofactors_by_svd(const Tensor& x) {
  const auto [s, u, v] = svd(x);
  const std::int64_t n = x.shape(-1);
  PoolVector<std::int64_t> sizes(s.shape().begin(), s.shape().end());
  sizes.push_back(n);
  const Tensor rows = broadcast_to(expand_dims(s, -2), Shape(sizes));
  const Tensor others = reduce_prod(set_diag(rows, detail::filled(s.shape(), s.dtype(), 1)), -1);
  const Tensor sign = stop_gradient(det(u) * det(v));
  return as_factor(sign) * matmul(u * expand_dims(others, -2), v, {.transpose_b = true});
}

/// cofactors() in public ops, for its gradient. Both formulas are computed for the whole batch; matrices that a formula
/// cannot take are replaced for it.
Tensor cofactors_by_ops(const Tensor& x, const Tensor& singular) {
  const std::int64_t n = x.shape(-1);
  const Tensor chosen = as_factor(singular),
               one_to_n = diag(arange(std::int64_t{1}, n + 1, std::int64_t{1}, x.dtype()));
  const Tensor regular = where(chosen, eye(n, -1, x.dtype()), x);
  return where(chosen, cofactors_by_svd(where(chosen, x, one_to_n)),
               as_factor(det(regular)) * matrix_transpose(inv(regular)));
}

/// The matrices of cofactors, det(x) x^-T, which are the gradient of det. They exist for singular matrices too.
Tensor cofactors(const char* op, const Tensor& x) {
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  const Tensor y = detail::make_tensor(x.shape(), x.dtype()), singular = detail::make_tensor(m.leading, boolean);
  launch(
      LaunchKind::throws,
      [op, m](Read matrices, Write results, Write flags) {
        std::fill_n(flags.data<bool>(), flags.size(), false);
        const std::int64_t bad =
            detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              PoolVector<T> lu = matrix<T>(matrices, m, i);
              PoolVector<int> pivots(static_cast<std::size_t>(m.rows));
              T sign, *to = results.data<T>() + i * m.size();
              flags.data<bool>()[i] = decompose(m.rows, lu.data(), pivots.data(), sign);
              if (flags.data<bool>()[i]) return cofactors_by_svd(m.rows, matrix<T>(matrices, m, i), to);
              cofactors_by_lu(m.rows, lu.data(), pivots.data(), sign, to);
              return true;
            });
        if (bad >= 0) detail::fail<ValueError>(op, "did not converge for {}", detail::which(m, bad));
      },
      x, y, singular);
  return record(
      "linalg.cofactors", {x}, y,
      [&] {
        return [x, singular](const Tensor& dy) {
          const auto by_ops = [&](const Tensors& in) { return std::vector<Tensor>{cofactors_by_ops(in[0], singular)}; };
          return detail::recorded_gradients(by_ops, Tensors{x}, {&dy, 1});
        };
      },
      [&](Tangents t) {
        const auto by_ops = [&](const Tensors& in) { return std::vector<Tensor>{cofactors_by_ops(in[0], singular)}; };
        return detail::tangents_by_ops(by_ops, Tensors{x}, t);
      });
}

}  // namespace

Tensor det(const Tensor& x) {
  XTAPE_NOTE(linalg::det, x);
  const char* op = "linalg.det";
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  const Tensor y = detail::make_tensor(m.leading, x.dtype());
  launch(
      [m](Read matrices, Write results) {
        fill(results, 1);
        detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
          results.data<T>()[i] = determinant(m.rows, matrix<T>(matrices, m, i));
          return true;
        });
      },
      x, y);
  return detail::record_reduction(op, x, y, {-2, -1}, false, [&] {
    return [op, x](const Tensor& dy) { return Grads{as_factor(dy) * cofactors(op, x)}; };
  });
}

Slogdet slogdet(const Tensor& x) {
  XTAPE_NOTE(linalg::slogdet, x);
  const char* op = "linalg.slogdet";
  kernels::need_lapack(op);
  const Matrices m = detail::check_square(op, x);
  Tensor value = detail::make_tensor(m.leading, x.dtype());
  const Tensor logarithm = detail::make_tensor(m.leading, x.dtype());
  launch(
      [m](Read matrices, Write signs, Write logarithms) {
        fill(signs, 1);
        fill(logarithms, 0);
        detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
          PoolVector<T> lu = matrix<T>(matrices, m, i);
          PoolVector<int> pivots(static_cast<std::size_t>(m.rows));
          T sign, sum = 0;
          decompose(m.rows, lu.data(), pivots.data(), sign);
          for (std::int64_t j = 0; j < m.rows; ++j) {
            const T element = lu[static_cast<std::size_t>(j * (m.rows + 1))];
            sign *= static_cast<T>((element > 0) - (element < 0));
            sum += std::log(std::abs(element));
          }
          signs.data<T>()[i] = sign;
          logarithms.data<T>()[i] = sum;
          return true;
        });
      },
      x, value, logarithm);
  const Tensor logdet = detail::record_reduction(op, x, logarithm, {-2, -1}, false, [&] {
    return [x](const Tensor& dlogdet) { return Grads{as_factor(dlogdet) * matrix_transpose(inv(x))}; };
  });
  return {record_no_gradient("linalg.slogdet.sign", {x}, std::move(value)), logdet};
}

}  // namespace xtape::linalg
