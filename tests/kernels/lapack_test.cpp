#include "kernels/lapack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/check.hpp"

using namespace xtape;

namespace {

template <class T>
using Matrix = std::vector<T>;

/// Without pattern, far from singular.
template <class T>
Matrix<T> matrix(int rows, int columns) {
  Matrix<T> a;
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      a.push_back(static_cast<T>(std::fmod(0.31 + (i * columns + j) * 0.618034, 1.0) - 0.5 + (i == j ? 3 : 0)));
    }
  }
  return a;
}

/// op(a) b for a of m x k (k x m where transposed) and b of k x n.
template <class T>
std::vector<double> product(int m, int k, int n, const Matrix<T>& a, const Matrix<T>& b, bool transposed = false) {
  std::vector<double> c(static_cast<std::size_t>(m) * n, 0);
  for (int i = 0; i < m; ++i) {
    for (int l = 0; l < k; ++l) {
      const double factor = static_cast<double>(a[static_cast<std::size_t>(transposed ? l * m + i : i * k + l)]);
      for (int j = 0; j < n; ++j) {
        c[static_cast<std::size_t>(i * n + j)] += factor * static_cast<double>(b[static_cast<std::size_t>(l * n + j)]);
      }
    }
  }
  return c;
}

template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-13;

}  // namespace

TEST_CASE_TEMPLATE("lapack: solves with a matrix and its transpose, by any pivots", T, float, double) {
  for (const int n : {1, 2, 5, 33}) {
    Matrix<T> a = matrix<T>(n, n);
    for (int j = 0; j < n; ++j) std::swap(a[static_cast<std::size_t>(j)], a[static_cast<std::size_t>((n - 1) * n + j)]);
    const Matrix<T> b = matrix<T>(n, 3);
    Matrix<T> factors = a;
    std::vector<int> pivots(static_cast<std::size_t>(n));
    REQUIRE_FALSE(kernels::lu(n, factors.data(), pivots.data()));
    for (const bool transposed : {false, true}) {
      Matrix<T> x = b;
      kernels::lu_solve(n, 3, transposed, factors.data(), pivots.data(), x.data());
      CHECK_CLOSE(product(n, n, 3, a, x, transposed), b, tolerance<T>, 10 * tolerance<T>);
    }
    kernels::lu_inverse(n, factors.data(), pivots.data());
    std::vector<double> identity(static_cast<std::size_t>(n) * n, 0);
    for (int i = 0; i < n; ++i) identity[static_cast<std::size_t>(i * n + i)] = 1;
    CHECK_CLOSE(product(n, n, n, a, factors), identity, 0, 10 * tolerance<T>);
  }
  Matrix<T> singular{1, 2, 2, 4};
  int pivots[2];
  CHECK(kernels::lu(2, singular.data(), pivots));
}

TEST_CASE_TEMPLATE("lapack: triangular systems read their triangle only", T, float, double) {
  const Matrix<T> a{2, 99, 1, 4}, upper{2, 1, 99, 4};  // row-major
  const auto solved = [](const Matrix<T>& m, bool lower, bool transposed) {
    Matrix<T> b{2, 9};
    kernels::triangular_solve(2, 1, lower, transposed, m.data(), b.data());
    return b;
  };
  CHECK_CLOSE(solved(a, true, false), {1, 2});
  CHECK_CLOSE(solved(a, true, true), {-0.125, 2.25});
  CHECK_CLOSE(solved(upper, false, false), {-0.125, 2.25});
  CHECK_CLOSE(solved(upper, false, true), {1, 2});
}

TEST_CASE_TEMPLATE("lapack: cholesky", T, float, double) {
  Matrix<T> a{4, 99, 2, 10};
  CHECK(kernels::cholesky(2, a.data()));
  CHECK_CLOSE(a, {2, 0, 1, 3});
  Matrix<T> indefinite{1, 2, 2, 1}, nan{std::numeric_limits<T>::quiet_NaN()};
  CHECK_FALSE(kernels::cholesky(2, indefinite.data()));
  CHECK_FALSE(kernels::cholesky(1, nan.data()));
}

TEST_CASE_TEMPLATE("lapack: factors of every shape give the matrix back", T, float, double) {
  const int shapes[][2] = {{1, 1}, {3, 3}, {5, 2}, {2, 5}, {1, 4}, {40, 33}, {33, 40}};
  for (const auto& shape : shapes) {
    const int m = shape[0], n = shape[1];
    CAPTURE(m);
    CAPTURE(n);
    const int k = std::min(m, n);
    const auto sized = [](int rows, int columns) { return Matrix<T>(static_cast<std::size_t>(rows) * columns); };
    const Matrix<T> a = matrix<T>(m, n);
    Matrix<T> work = a, q = sized(m, k), r = sized(k, n);
    kernels::qr(m, n, work.data(), q.data(), r.data());
    CHECK_CLOSE(product(m, k, n, q, r), a, tolerance<T>, 20 * tolerance<T>);
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < i; ++j) CHECK(r[static_cast<std::size_t>(i * n + j)] == 0);
    }
    Matrix<T> s = sized(1, k), u = sized(m, k), v = sized(n, k), scaled = sized(k, n);
    work = a;
    CHECK(kernels::svd(m, n, work.data(), s.data(), u.data(), v.data()));
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < n; ++j) {
        scaled[static_cast<std::size_t>(i * n + j)] =
            s[static_cast<std::size_t>(i)] * v[static_cast<std::size_t>(j * k + i)];
      }
    }
    CHECK_CLOSE(product(m, k, n, u, scaled), a, tolerance<T>, 20 * tolerance<T>);
  }
}

TEST_CASE_TEMPLATE("lapack: eigenvectors are columns", T, float, double) {
  Matrix<T> a{2, 99, 99, 0, 5, 99, 1, 0, 2}, w(3);
  CHECK(kernels::eigh(3, a.data(), w.data()));
  CHECK_CLOSE(w, {1, 3, 5}, tolerance<T>);
  const double half = std::sqrt(0.5);
  std::vector<double> sizes;
  for (const T value : a) sizes.push_back(std::abs(static_cast<double>(value)));
  CHECK_CLOSE(sizes, {half, half, 0, 0, 0, 1, half, half, 0}, tolerance<T>, tolerance<T>);
}
