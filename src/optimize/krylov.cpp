#include "optimize/krylov.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace xtape::optimize {

KrylovSolution conjugate_gradients(const LinearSystem& system, Vector x) {
  Vector r = difference(system.b, system.a(x)), z = system.preconditioner(r), d = z;
  double rz = dot(r, z);
  std::int64_t products = 1;
  while (norm(r) > system.tolerance && products < system.max_products) {
    const Vector ad = system.a(d);
    ++products;
    const double alpha = rz / dot(d, ad);
    if (!std::isfinite(alpha)) break;
    add_scaled(x, alpha, d);
    add_scaled(r, -alpha, ad);
    z = system.preconditioner(r);
    const double next = dot(r, z);
    d = scaled(next / rz, std::move(d));
    add_scaled(d, 1, z);
    rz = next;
  }
  return {std::move(x), products};
}

namespace {

/// One cycle of GMRES: an orthonormal basis of the Krylov space, and the small least squares problem, whose matrix is
/// kept triangular by rotations.
class Cycle {
 public:
  Cycle(const LinearSystem& system, const Vector& r) : system_(system), residual_(norm(r)) {
    basis_.push_back(scaled(1 / residual_, r));
    rhs_.push_back(residual_);
  }

  double residual() const noexcept { return residual_; }
  std::size_t size() const noexcept { return columns_.size(); }

  /// Adds a direction; false when the space cannot grow.
  bool extend() {
    Vector w = system_.a(system_.preconditioner(basis_.back()));
    const double before = norm(w);
    std::vector<double> column;
    // Twice, so that rounding does not spoil the orthogonality.
    column.assign(basis_.size(), 0);
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t i = 0; i < basis_.size(); ++i) {
        const double h = dot(w, basis_[i]);
        column[i] += h;
        add_scaled(w, -h, basis_[i]);
      }
    }
    const double rest = norm(w);
    column.push_back(rest);
    rotate(column);
    columns_.push_back(std::move(column));
    if (!(rest > 1e-14 * before)) return false;
    basis_.push_back(scaled(1 / rest, w));
    return true;
  }

  /// The combination of the directions with the smallest residual.
  Vector step() const {
    std::vector<double> y(size());
    for (std::size_t i = y.size(); i-- > 0;) {
      double sum = rhs_[i];
      for (std::size_t k = i + 1; k < y.size(); ++k) sum -= columns_[k][i] * y[k];
      y[i] = columns_[i][i] == 0 ? 0 : sum / columns_[i][i];
    }
    Vector combined(basis_[0].size(), 0);
    for (std::size_t i = 0; i < y.size(); ++i) add_scaled(combined, y[i], basis_[i]);
    return system_.preconditioner(combined);
  }

 private:
  void rotate(std::vector<double>& column) {
    for (std::size_t i = 0; i < rotations_.size(); ++i) apply(rotations_[i], column[i], column[i + 1]);
    const std::size_t k = rotations_.size();
    const double length = std::hypot(column[k], column[k + 1]);
    rotations_.push_back(length == 0 ? Rotation{1, 0} : Rotation{column[k] / length, column[k + 1] / length});
    apply(rotations_.back(), column[k], column[k + 1]);
    rhs_.push_back(0);
    apply(rotations_.back(), rhs_[k], rhs_[k + 1]);
    residual_ = std::abs(rhs_[k + 1]);
  }
  struct Rotation {
    double c, s;
  };
  static void apply(const Rotation& r, double& a, double& b) {
    const double first = r.c * a + r.s * b;
    b = r.c * b - r.s * a;
    a = first;
  }

  const LinearSystem& system_;
  double residual_;
  std::vector<Vector> basis_;
  std::vector<std::vector<double>> columns_;
  std::vector<Rotation> rotations_;
  std::vector<double> rhs_;
};

}  // namespace

KrylovSolution generalized_minimal_residual(const LinearSystem& system, Vector x) {
  std::int64_t products = 1;
  Vector r = difference(system.b, system.a(x));
  while (norm(r) > system.tolerance && products < system.max_products) {
    const double before = norm(r);
    Cycle cycle(system, r);
    bool grows = true;
    while (grows && cycle.size() < system.restart && cycle.residual() > system.tolerance &&
           products < system.max_products) {
      grows = cycle.extend();
      ++products;
    }
    add_scaled(x, 1, cycle.step());
    r = difference(system.b, system.a(x));
    ++products;
    if (!(norm(r) < before)) break;
  }
  return {std::move(x), products};
}

KrylovSolution stabilized_biconjugate_gradients(const LinearSystem& system, Vector x) {
  Vector r = difference(system.b, system.a(x)), p = r;
  const Vector shadow = r;
  double rho = dot(shadow, r);
  std::int64_t products = 1;
  while (norm(r) > system.tolerance && products < system.max_products) {
    const Vector p_hat = system.preconditioner(p), v = system.a(p_hat);
    const double alpha = rho / dot(shadow, v);
    if (!std::isfinite(alpha)) break;
    Vector s = r;
    add_scaled(s, -alpha, v);
    const Vector s_hat = system.preconditioner(s), t = system.a(s_hat);
    products += 2;
    const double tt = dot(t, t), omega = tt > 0 ? dot(t, s) / tt : 0;
    add_scaled(x, alpha, p_hat);
    add_scaled(x, omega, s_hat);
    r = std::move(s);
    add_scaled(r, -omega, t);
    const double next = dot(shadow, r), beta = next / rho * (alpha / omega);
    if (!std::isfinite(beta)) break;
    add_scaled(p, -omega, v);
    p = scaled(beta, std::move(p));
    add_scaled(p, 1, r);
    rho = next;
  }
  return {std::move(x), products};
}

}  // namespace xtape::optimize
