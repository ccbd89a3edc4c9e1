#include "kernels/lapack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <xtensor-blas/xblas.hpp>

#include <xflens/cxxlapack/cxxlapack.cxx>

#include "kernels/thread_limit.hpp"
#include "xtape/base/memory.hpp"

// LAPACK stores columns where we store rows, so it sees the transpose of each matrix. Instead of transposing, each
// function asks for the decomposition of the transpose that gives the wanted one.
namespace xtape::kernels {
namespace {

template <class T>
using Work = detail::PoolVector<T>;

/// Rows that LAPACK takes at once: its work space is as many columns.
constexpr int block = 64;

/// The threads of BLAS inside LAPACK: starting a team costs more than it saves for less than some 512 rows. Inside a
/// piece of a parallel loop there is one.
ThreadLimit limit_threads(int rows, int columns) {
  return ThreadLimit(std::min(rows, columns) < 512 ? 1 : num_threads());
}

template <class T>
void trsm(bool lower, bool transposed, bool unit, int n, int columns, const T* a, T* b) {
  cxxblas::trsm<int>(cxxblas::RowMajor, cxxblas::Left, lower ? cxxblas::Lower : cxxblas::Upper,
                     transposed ? cxxblas::Trans : cxxblas::NoTrans, unit ? cxxblas::Unit : cxxblas::NonUnit, n,
                     columns, T(1), a, n, b, columns);
}

template <class T>
void transpose(int rows, int columns, const T* from, T* to) {
  constexpr int tile = 16;
  for (int r = 0; r < rows; r += tile) {
    for (int c = 0; c < columns; c += tile) {
      for (int i = r; i < std::min(rows, r + tile); ++i) {
        for (int j = c; j < std::min(columns, c + tile); ++j) {
          to[static_cast<std::int64_t>(j) * rows + i] = from[static_cast<std::int64_t>(i) * columns + j];
        }
      }
    }
  }
}

}  // namespace

void need_lapack(const char*) {}

// getrf finds a^T = P L U, so our a is U^T L^T P^T: U^T is the lower triangle of what is stored, L^T the upper one,
// with a unit diagonal. A positive result is the place of a pivot that is 0.
template <class T>
bool lu(int n, T* a, int* pivots) {
  const ThreadLimit limit = limit_threads(n, n);
  return cxxlapack::getrf<int>(n, n, a, n, pivots) > 0;
}

// a^-1 = P L^-T U^-T and a^-T = U^-1 L^-1 P^T: two triangular solutions, and the rows exchanged after or before.
template <class T>
void lu_solve(int n, int columns, bool transposed, const T* a, const int* pivots, T* b) {
  const ThreadLimit limit = limit_threads(n, n);
  const auto swap_rows = [&](int i) {
    const int other = pivots[i] - 1;
    const auto row = [&](int at) { return b + static_cast<std::int64_t>(at) * columns; };
    if (other != i) std::swap_ranges(row(i), row(i + 1), row(other));
  };
  if (transposed) {
    for (int i = 0; i < n; ++i) swap_rows(i);
    trsm(/*lower=*/false, /*transposed=*/true, /*unit=*/true, n, columns, a, b);
    trsm(/*lower=*/true, /*transposed=*/true, /*unit=*/false, n, columns, a, b);
  } else {
    trsm(/*lower=*/true, /*transposed=*/false, /*unit=*/false, n, columns, a, b);
    trsm(/*lower=*/false, /*transposed=*/false, /*unit=*/true, n, columns, a, b);
    for (int i = n; i-- > 0;) swap_rows(i);
  }
}

template <class T>
void lu_inverse(int n, T* a, const int* pivots) {
  const ThreadLimit limit = limit_threads(n, n);
  const std::int64_t all = std::int64_t{n} * n;
  // LAPACK leaves out products with zeros, and with them NaN.
  if (!std::all_of(a, a + all, [](T value) { return std::isfinite(value); })) {
    std::fill_n(a, all, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  Work<T> work(static_cast<std::size_t>(n) * block);
  cxxlapack::getri<int>(n, a, n, pivots, work.data(), n * block);
}

// potrf of the upper triangle of a^T, which is our lower one: a^T = U^T U with U = L^T.
template <class T>
bool cholesky(int n, T* a) {
  const ThreadLimit limit = limit_threads(n, n);
  bool positive = cxxlapack::potrf<int>('U', n, a, n) == 0;
  for (std::int64_t i = 0; i < n; ++i) {
    positive = positive && a[i * n + i] > 0;  // OpenBLAS takes NaN for positive
    std::fill(a + i * n + i + 1, a + (i + 1) * n, T(0));
  }
  return positive;
}

template <class T>
void triangular_solve(int n, int columns, bool lower, bool transposed, const T* a, T* b) {
  const ThreadLimit limit = limit_threads(n, n);
  trsm(lower, transposed, /*unit=*/false, n, columns, a, b);
}

// The LQ decomposition of a^T, gelqf's, is the QR decomposition of a; orglq then makes q out of its reflections.
template <class T>
void qr(int m, int n, T* a, T* q, T* r) {
  const ThreadLimit limit = limit_threads(m, n);
  const int k = std::min(m, n);
  Work<T> tau(static_cast<std::size_t>(k)), work(static_cast<std::size_t>(std::max(m, n)) * block);
  cxxlapack::gelqf<int>(n, m, a, n, tau.data(), work.data(), n * block);
  for (std::int64_t i = 0; i < k; ++i) {
    std::fill(r + i * n, r + i * n + i, T(0));
    std::copy(a + i * n + i, a + (i + 1) * n, r + i * n + i);
  }
  cxxlapack::orglq<int>(k, m, k, a, n, tau.data(), work.data(), k * block);
  for (std::int64_t i = 0; i < m; ++i) std::copy(a + i * n, a + i * n + k, q + i * k);
}

// a^T = V S U^T: gesdd's left vectors are our v, its right ones u^T, which column by column is u row by row. gesdd
// divides and conquers, as a rule faster than gesvd; asked with a size of -1 it says how much work space it wants.
template <class T>
bool svd(int m, int n, T* a, T* s, T* u, T* v) {
  const ThreadLimit limit = limit_threads(m, n);
  const int k = std::min(m, n);
  Work<T> columns(static_cast<std::size_t>(n) * static_cast<std::size_t>(k));
  Work<int> integers(static_cast<std::size_t>(k) * 8);
  T best = 0;
  const auto run = [&](T* work, int size) {
    return cxxlapack::gesdd<int>('S', n, m, a, n, s, columns.data(), n, u, k, work, size, integers.data());
  };
  run(&best, -1);
  Work<T> work(static_cast<std::size_t>(best));
  const bool converged = run(work.data(), static_cast<int>(best)) == 0;
  transpose(k, n, columns.data(), v);
  return converged;
}

// A symmetric matrix is its transpose, so the upper triangle is our lower one; the eigenvectors come as rows.
template <class T>
bool eigh(int n, T* a, T* w) {
  const ThreadLimit limit = limit_threads(n, n);
  T best = 0;
  int best_integers = 0;
  const auto run = [&](T* work, int size, int* integers, int integers_size) {
    return cxxlapack::syevd<int>('V', 'U', n, a, n, w, work, size, integers, integers_size);
  };
  run(&best, -1, &best_integers, -1);
  Work<T> work(static_cast<std::size_t>(best));
  Work<int> integers(static_cast<std::size_t>(best_integers));
  const bool converged = run(work.data(), static_cast<int>(best), integers.data(), best_integers) == 0;
  const Work<T> rows(a, a + static_cast<std::int64_t>(n) * n);
  transpose(n, n, rows.data(), a);
  return converged;
}

#define XTAPE_INSTANTIATE(T)                                          \
  template bool lu(int, T*, int*);                                    \
  template void lu_solve(int, int, bool, const T*, const int*, T*);   \
  template void lu_inverse(int, T*, const int*);                      \
  template bool cholesky(int, T*);                                    \
  template void triangular_solve(int, int, bool, bool, const T*, T*); \
  template void qr(int, int, T*, T*, T*);                             \
  template bool svd(int, int, T*, T*, T*, T*);                        \
  template bool eigh(int, T*, T*);
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape::kernels
