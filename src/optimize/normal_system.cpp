#include "optimize/normal_system.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"

namespace xtape::optimize {
namespace {

struct Triangle {
  Matrix r;
  Vector rhs;
};

/// a = Q R; R and Q' b.
Triangle decompose(const Matrix& a, const Vector& b) {
  const linalg::Qr qr = linalg::qr(a.tensor());
  Triangle result;
  result.r = {static_cast<std::size_t>(qr.r.shape(0)), a.columns, qr.r.to_vector<double>()};
  result.rhs = matmul(constant(b), qr.q).to_vector<double>();
  return result;
}

/// R x = b for an upper triangular R.
Vector solve_upper(const Matrix& r, Vector b) {
  for (std::size_t i = r.columns; i-- > 0;) {
    for (std::size_t k = i + 1; k < r.columns; ++k) b[i] -= r(i, k) * b[k];
    b[i] /= r(i, i);
  }
  return b;
}

}  // namespace

NormalSystem::NormalSystem(const Linearized& at) {
  Triangle triangle = decompose(at.jacobian, at.value);
  r_ = std::move(triangle.r);
  rhs_ = std::move(triangle.rhs);
  double least = std::numeric_limits<double>::infinity(), largest = 0;
  for (std::size_t i = 0; i < r_.rows; ++i) {
    double column = 0;
    for (std::size_t k = 0; k <= i; ++k) column = std::hypot(column, r_(k, i));
    // A column that depends on those before it.
    least = std::min(least, column == 0 ? 0 : std::abs(r_(i, i)) / column);
    largest = std::max(largest, std::abs(r_(i, i)));
  }
  regular_ = r_.rows == r_.columns && largest > 0 && least > 1e-14;
}

NormalSystem::Step NormalSystem::solve(double lambda, const Vector& scale) const {
  const std::size_t n = r_.columns;
  Triangle system{r_, rhs_};
  if (lambda > 0 || r_.rows < n) {
    Matrix stacked{r_.rows + n, n, r_.elements};
    stacked.elements.resize(stacked.rows * n, 0);
    for (std::size_t i = 0; i < n; ++i) stacked(r_.rows + i, i) = std::sqrt(lambda) * scale[i];
    Vector rhs = rhs_;
    rhs.resize(stacked.rows, 0);
    system = decompose(stacked, rhs);
  }
  return {scaled(-1, solve_upper(system.r, std::move(system.rhs))), std::move(system.r)};
}

double NormalSystem::Step::norm_of_solved(const Vector& v) const {
  Vector w = v;
  for (std::size_t i = 0; i < w.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) w[i] -= r(k, i) * w[k];
    w[i] /= r(i, i);
  }
  return norm(w);
}

}  // namespace xtape::optimize
