#include <algorithm>
#include <cmath>

#include "core/convert.hpp"
#include "core/fill.hpp"
#include "kernels/lapack.hpp"
#include "ops/matrices.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::linalg {
namespace {

using detail::Matrices;

/// A number for each matrix, where it multiplies the matrix.
Tensor beside(const Tensor& numbers) { return expand_dims(expand_dims(numbers, -1), -1); }

/// Calls f(i, diagonal element) for the elements of LU's diagonals, with the sign of the permutation before.
template <class Sign, class Element>
void visit_lu(const Tensor& x, const Matrices& m, Sign&& sign, Element&& element) {
  const Tensor factors = detail::copy(x);
  detail::for_matrices(x.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t i) {
    T* lu = detail::mutable_data<T>(factors) + i * m.size();
    detail::PoolVector<int> pivots(static_cast<std::size_t>(m.rows));
    kernels::lu(m.rows, lu, pivots.data());
    bool odd = false;
    for (int j = 0; j < m.rows; ++j) odd = odd != (pivots[static_cast<std::size_t>(j)] != j + 1);
    sign(i, odd ? T(-1) : T(1));
    for (std::int64_t j = 0; j < m.rows; ++j) element(i, lu[j * (m.rows + 1)]);
    return true;
  });
}

/// The matrices of cofactors, det(x) x^-T, from u diag(s) v^T: det(u) det(v) u diag(products of the other s) v^T.
Tensor cofactors(const Tensor& x) {
  const auto [s, u, v] = svd(x);
  const std::int64_t n = x.shape(-1);
  detail::PoolVector<std::int64_t> sizes(s.shape().begin(), s.shape().end());
  sizes.push_back(n);
  const Tensor rows = broadcast_to(expand_dims(s, -2), Shape(sizes));
  const Tensor others = reduce_prod(set_diag(rows, detail::filled(s.shape(), s.dtype(), 1)), -1);
  const Tensor sign = stop_gradient(det(u) * det(v));
  return beside(sign) * matmul(u * expand_dims(others, -2), v, {.transpose_b = true});
}

}  // namespace

Tensor det(const Tensor& x) {
  const char* op = "linalg.det";
  const Matrices m = detail::check_square(op, x);
  Tensor y = detail::filled(m.leading, x.dtype(), 1);
  detail::PoolVector<std::uint8_t> singular(static_cast<std::size_t>(m.batch), 0);
  visit_lu(
      x, m, [&]<class T>(std::int64_t i, T sign) { detail::mutable_data<T>(y)[i] = sign; },
      [&]<class T>(std::int64_t i, T element) {
        detail::mutable_data<T>(y)[i] *= element;
        if (element == T(0)) singular[static_cast<std::size_t>(i)] = 1;
      });
  const bool any_singular = std::find(singular.begin(), singular.end(), 1) != singular.end();
  return record(op, {x}, y, [x, y, any_singular](const Tensor& dy) {
    return Grads{any_singular ? beside(dy) * cofactors(x) : beside(dy * y) * matrix_transpose(inv(x))};
  });
}

Slogdet slogdet(const Tensor& x) {
  const char* op = "linalg.slogdet";
  const Matrices m = detail::check_square(op, x);
  Tensor sign = detail::filled(m.leading, x.dtype(), 1), logdet = detail::filled(m.leading, x.dtype(), 0);
  visit_lu(
      x, m, [&]<class T>(std::int64_t i, T value) { detail::mutable_data<T>(sign)[i] = value; },
      [&]<class T>(std::int64_t i, T element) {
        detail::mutable_data<T>(sign)[i] *= static_cast<T>((element > 0) - (element < 0));
        detail::mutable_data<T>(logdet)[i] += std::log(std::abs(element));
      });
  logdet =
      record(op, {x}, logdet, [x](const Tensor& dlogdet) { return Grads{beside(dlogdet) * matrix_transpose(inv(x))}; });
  sign = record_no_gradient("linalg.slogdet.sign", {x}, std::move(sign));
  return {sign, logdet};
}

}  // namespace xtape::linalg
