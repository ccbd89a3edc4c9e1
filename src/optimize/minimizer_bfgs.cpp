#include "optimize/minimizer.hpp"

namespace xtape::optimize {
namespace {

/// Keeps the inverse of the Hessian, as a dense matrix.
class DenseInverse : public Direction {
 public:
  Vector at(const Point& point) override {
    return inverse_.empty() ? scaled(-1, point.gradient) : times(point.gradient, -1);
  }
  double first_step(const Point& point, const Vector&) override { return inverse_.empty() ? steepest_step(point) : 1; }

  /// Equation 6.17, with the first matrix of equation 6.20.
  void moved(const Point& from, const Point& to) override {
    const Vector s = difference(to.x, from.x), y = difference(to.gradient, from.gradient);
    const double sy = dot(s, y);
    if (!(sy > 0)) return;
    const std::size_t n = s.size();
    if (inverse_.empty()) {
      inverse_.assign(n * n, 0);
      for (std::size_t i = 0; i < n; ++i) inverse_[i * n + i] = sy / dot(y, y);
    }
    const Vector hy = times(y, 1);
    const double ss = (1 + dot(y, hy) / sy) / sy;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) inverse_[i * n + k] += ss * s[i] * s[k] - (hy[i] * s[k] + s[i] * hy[k]) / sy;
    }
  }
  void reset() override { inverse_.clear(); }

 private:
  Vector times(const Vector& v, double factor) const {
    Vector product(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      const double* row = inverse_.data() + i * v.size();
      double sum = 0;
      for (std::size_t k = 0; k < v.size(); ++k) sum += row[k] * v[k];
      product[i] = factor * sum;
    }
    return product;
  }
  std::vector<double> inverse_;
};

}  // namespace

std::unique_ptr<Direction> bfgs() { return std::make_unique<DenseInverse>(); }

}  // namespace xtape::optimize
