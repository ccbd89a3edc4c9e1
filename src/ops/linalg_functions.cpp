#include "xtape/ops/linalg_functions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "ops/matrices.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::linalg {
namespace {

using detail::Matrices;

Tensor transposed_times(const Tensor& a, const Tensor& b) { return matmul(a, b, {.transpose_a = true}); }
Tensor times_transposed(const Tensor& a, const Tensor& b) { return matmul(a, b, {.transpose_b = true}); }

double epsilon_of(DType dtype) {
  return dtype == float64 ? std::numeric_limits<double>::epsilon()
                          : static_cast<double>(std::numeric_limits<float>::epsilon());
}

/// The fraction of the largest singular value up to which others count as 0.
double tolerance(const Matrices& m, DType dtype) {
  return static_cast<double>(std::max(m.rows, m.columns)) * epsilon_of(dtype);
}

/// Unit matrices of the shape of x.
Tensor units(const Tensor& x) { return broadcast_to(eye(x.shape(-1), -1, x.dtype()), x.shape()); }

/// v diag(1 / s) u^T without the singular values that count as 0. Not recorded.
Tensor pseudoinverse(const Tensor& x, double rcond) {
  const detail::NoRecording hidden;
  const Svd parts = svd(x);
  const Tensor least = reduce_max(parts.s, -1, true) * rcond;
  // NaN stays.
  const Tensor none = parts.s <= least, inverse = where(none, 0, 1 / where(none, 1, parts.s));
  return times_transposed(parts.v * expand_dims(inverse, -2), parts.u);
}

/// The gradient for a of its pseudoinverse p: with g = dp^T, -p^T g p^T + (1 - a p) g p p^T + p^T p g (1 - p a)
/// (Golub and Pereyra, 1973).
Tensor pinv_gradient(const Tensor& a, const Tensor& p, const Tensor& dp) {
  const Tensor g = matrix_transpose(dp);
  const Tensor first = transposed_times(p, times_transposed(dp, p));
  const Tensor second = times_transposed(matmul(g - matmul(a, matmul(p, g)), p), p);
  const Tensor left = transposed_times(p, matmul(p, g));
  return second + (left - matmul(matmul(left, p), a)) - first;
}

}  // namespace

Tensor pinv(const Tensor& x, const PinvOptions& options) {
  XTAPE_NOTE(linalg::pinv, x, options);
  const Matrices m = detail::check_matrices("linalg.pinv", x);
  if (m.size() == 0) return matrix_transpose(x);
  const double rcond = options.rcond.value_or(tolerance(m, x.dtype()));
  Tensor p = pseudoinverse(x, rcond);
  return record("linalg.pinv", {x}, p,
                [&] { return [x, p](const Tensor& dp) { return Grads{pinv_gradient(x, p, dp)}; }; });
}

Tensor eigvalsh(const Tensor& x) {
  XTAPE_NOTE(linalg::eigvalsh, x);
  return eigh(x).w;
}

Tensor logdet(const Tensor& x) {
  XTAPE_NOTE(linalg::logdet, x);
  const Slogdet parts = slogdet(x);
  return where(parts.sign < 0, std::numeric_limits<double>::quiet_NaN(), parts.logdet);
}

Tensor matrix_power(const Tensor& x, int n) {
  XTAPE_NOTE(linalg::matrix_power, x, n);
  detail::check_square("linalg.matrix_power", x);
  Tensor square = n < 0 ? inv(x) : x, product;
  for (auto left = static_cast<std::uint32_t>(n < 0 ? -static_cast<std::int64_t>(n) : n); left > 0; left /= 2) {
    if (left % 2 == 1) product = product.defined() ? matmul(product, square) : square;
    if (left > 1) square = matmul(square, square);
  }
  if (!product.defined()) return units(x);
  return n == 1 ? reshape(x, x.shape()) : product;
}

namespace {

/// The coefficients of Pade's approximation of degree 13.
constexpr std::array<double, 14> pade{64764752532480000,
                                      32382376266240000,
                                      7771770303897600,
                                      1187353796428800,
                                      129060195264000,
                                      10559470521600,
                                      670442572800,
                                      33522128640,
                                      1323241920,
                                      40840800,
                                      960960,
                                      16380,
                                      182,
                                      1};

/// A square matrix on the host, in float64.
class Square {
 public:
  explicit Square(std::int64_t n) : n_(n), elements_(static_cast<std::size_t>(n * n), 0.0) {}
  double& at(std::int64_t i, std::int64_t j) { return elements_[static_cast<std::size_t>(i * n_ + j)]; }
  double at(std::int64_t i, std::int64_t j) const { return elements_[static_cast<std::size_t>(i * n_ + j)]; }

  friend Square operator*(const Square& a, const Square& b) {
    Square c(a.n_);
    for (std::int64_t i = 0; i < a.n_; ++i) {
      for (std::int64_t k = 0; k < a.n_; ++k) {
        for (std::int64_t j = 0; j < a.n_; ++j) c.at(i, j) += a.at(i, k) * b.at(k, j);
      }
    }
    return c;
  }
  void add(const Square& other, double factor) {
    for (std::size_t i = 0; i < elements_.size(); ++i) elements_[i] += factor * other.elements_[i];
  }
  void add_diagonal(double number) {
    for (std::int64_t i = 0; i < n_; ++i) at(i, i) += number;
  }
  double norm() const {  // the largest column sum
    double largest = 0;
    for (std::int64_t j = 0; j < n_; ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < n_; ++i) sum += std::abs(at(i, j));
      largest = std::max(largest, sum);
    }
    return largest;
  }
  /// The solution of this y = b, by elimination with the largest pivots.
  Square solve(Square b) && {
    for (std::int64_t k = 0; k < n_; ++k) {
      std::int64_t pivot = k;
      for (std::int64_t i = k + 1; i < n_; ++i) {
        if (std::abs(at(i, k)) > std::abs(at(pivot, k))) pivot = i;
      }
      for (std::int64_t j = 0; j < n_; ++j) {
        std::swap(at(k, j), at(pivot, j));
        std::swap(b.at(k, j), b.at(pivot, j));
      }
      for (std::int64_t i = 0; i < n_; ++i) {
        if (i == k) continue;
        const double factor = at(i, k) / at(k, k);
        for (std::int64_t j = k; j < n_; ++j) at(i, j) -= factor * at(k, j);
        for (std::int64_t j = 0; j < n_; ++j) b.at(i, j) -= factor * b.at(k, j);
      }
    }
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < n_; ++j) b.at(i, j) /= at(i, i);
    }
    return b;
  }

 private:
  std::int64_t n_;
  detail::PoolVector<double> elements_;
};

Square exponential(Square a, std::int64_t n) {
  // Up to this norm the approximation is exact to float64 (Higham, 2005).
  constexpr double largest_norm = 5.371920351148152;
  const double ratio = a.norm() / largest_norm;
  const int squarings = ratio > 1 ? static_cast<int>(std::ceil(std::log2(ratio))) : 0;
  Square scaled(n);
  scaled.add(a, std::ldexp(1.0, -squarings));
  const Square a2 = scaled * scaled, a4 = a2 * a2, a6 = a4 * a2;
  const auto polynomial = [&](std::size_t first) {
    Square high(n), low(n);
    high.add(a6, pade[first + 12]);
    high.add(a4, pade[first + 10]);
    high.add(a2, pade[first + 8]);
    low.add(a6, pade[first + 6]);
    low.add(a4, pade[first + 4]);
    low.add(a2, pade[first + 2]);
    low.add_diagonal(pade[first]);
    low.add(a6 * high, 1);
    return low;
  };
  const Square odd = scaled * polynomial(1);
  Square even = polynomial(0), sum = even;
  sum.add(odd, 1);
  even.add(odd, -1);
  Square y = std::move(even).solve(std::move(sum));
  for (int i = 0; i < squarings; ++i) y = y * y;
  return y;
}

}  // namespace

Tensor expm(const Tensor& x) {
  XTAPE_NOTE(linalg::expm, x);
  const Matrices m = detail::check_square("linalg.expm", x);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  detail::launch(
      [m](detail::Read matrices, detail::Write results) {
        detail::for_matrices(matrices.dtype(), m, [&]<class T>(kernels::Type<T>, std::int64_t which) {
          const std::int64_t n = m.rows;
          const T* from = matrices.data<T>() + which * m.size();
          T* to = results.data<T>() + which * m.size();
          if (!detail::all_finite(from, m.size())) {
            std::fill_n(to, m.size(), std::numeric_limits<T>::quiet_NaN());
            return true;
          }
          Square a(n);
          for (std::int64_t i = 0; i < m.size(); ++i) a.at(i / n, i % n) = static_cast<double>(from[i]);
          const Square y = exponential(std::move(a), n);
          for (std::int64_t i = 0; i < m.size(); ++i) to[i] = static_cast<T>(y.at(i / n, i % n));
          return true;
        });
      },
      x, y);
  // The derivative in a direction d is the block beside those of e^x in the exponential of [x d; 0 x].
  return record("linalg.expm", {x}, std::move(y), [&] {
    return [x](const Tensor& dy) {
      const Tensor transposed = matrix_transpose(x);
      const int n = static_cast<int>(x.shape(-1));
      const Tensor blocks = concat({concat({transposed, dy}, -1), concat({zeros_like(x), transposed}, -1)}, -2);
      return Grads{slice_axis(slice_axis(expm(blocks), -2, 0, n), -1, n, n)};
    };
  });
}

Tensor matrix_rank(const Tensor& x, const MatrixRankOptions& options) {
  XTAPE_NOTE(linalg::matrix_rank, x, options);
  const Matrices m = detail::check_matrices("linalg.matrix_rank", x);
  const detail::NoRecording hidden;
  const Tensor s = svd(x).s;
  if (m.size() == 0) return reduce_sum(cast(s, int64), -1);
  const Tensor tol = options.tol ? Tensor(*options.tol) : reduce_max(s, -1, true) * tolerance(m, x.dtype());
  return reduce_sum(cast(s > tol, int64), -1);
}

Tensor cond(const Tensor& x, double p) {
  XTAPE_NOTE(linalg::cond, x, p);
  const Matrices m = detail::check_matrices("linalg.cond", x);
  if (std::abs(p) != 2) return matrix_norm(x, p) * matrix_norm(inv(x), p);
  if (m.size() == 0) detail::fail<ValueError>("linalg.cond", "expected matrices with elements: {}", x.shape());
  const Tensor s = svd(x).s;
  const Tensor largest = reduce_max(s, -1), smallest = squeeze(slice_axis(s, -1, s.shape(-1) - 1, 1), -1);
  return p > 0 ? largest / smallest : smallest / largest;
}

}  // namespace xtape::linalg
