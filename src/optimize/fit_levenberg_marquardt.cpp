#include <algorithm>
#include <cmath>
#include <limits>

#include "optimize/fit.hpp"

// Moré's form of the method of Levenberg and Marquardt, with the constants of MINPACK's lmder and lmpar.
namespace xtape::optimize {
namespace {

Vector column_norms(const Matrix& matrix) {
  Vector norms(matrix.columns, 0);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t k = 0; k < matrix.columns; ++k) norms[k] = std::hypot(norms[k], matrix(i, k));
  }
  return norms;
}

Vector times_diagonal(const Vector& diagonal, Vector x) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= diagonal[i];
  return x;
}

/// The step of length `radius` in the scale, within a tenth, or the Gauss-Newton step if it is shorter.
class TrustedStep {
 public:
  TrustedStep(const Linearized& at, const Vector& scale, double radius, double lambda)
      : system_(at), scale_(scale), radius_(radius) {
    if (system_.regular()) {
      take(system_.solve(0, scale_));
      if (excess_ <= 0.1 * radius_) return;
      lower_ = excess_ / slope();
    }
    Vector gradient = at.jacobian.transposed_times(at.value);
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] /= scale_[i];
    upper_ = norm(gradient) / radius_;
    lambda_ = std::clamp(lambda, lower_, std::max(lower_, upper_));
    search();
  }

  const Vector& p() const noexcept { return step_.p; }
  double lambda() const noexcept { return lambda_; }
  /// |D p|
  double length() const noexcept { return excess_ + radius_; }

 private:
  void take(NormalSystem::Step step) {
    step_ = std::move(step);
    excess_ = norm(times_diagonal(scale_, step_.p)) - radius_;
  }
  /// Minus the derivative of the length for lambda, times radius / length.
  double slope() const {
    const Vector dp = times_diagonal(scale_, step_.p);
    const double solved = step_.norm_of_solved(scaled(1 / norm(dp), times_diagonal(scale_, dp)));
    return radius_ * solved * solved;
  }
  /// Newton's method for 1 / radius - 1 / length, within bounds.
  void search() {
    for (int iteration = 0; iteration < 10; ++iteration) {
      const double last = excess_;
      if (lambda_ == 0) lambda_ = std::max(std::numeric_limits<double>::min(), 0.001 * upper_);
      take(system_.solve(lambda_, scale_));
      const bool at_zero = lower_ == 0 && iteration > 0 && excess_ <= last && last < 0;
      if (std::abs(excess_) <= 0.1 * radius_ || at_zero || iteration == 9) return;
      (excess_ > 0 ? lower_ : upper_) = lambda_;
      lambda_ = std::max(lower_, lambda_ + excess_ / slope());
    }
  }

  NormalSystem system_;
  const Vector& scale_;
  double radius_, lambda_ = 0, lower_ = 0, upper_ = 0, excess_ = 0;
  NormalSystem::Step step_;
};

/// How the region changes with the quality of a step.
struct Region {
  double radius = 0, lambda = 0;

  void adapt(double ratio, double actual, double slope, double length) {
    if (ratio <= 0.25) {
      double factor = actual >= 0 ? 0.5 : 0.5 * slope / (slope + 0.5 * actual);
      if (!(factor >= 0.1)) factor = 0.1;
      radius = factor * std::min(radius, length / 0.1);
      lambda /= factor;
    } else if (lambda == 0 || ratio >= 0.75) {
      radius = 2 * length;
      lambda /= 2;
    }
  }
};

}  // namespace

void levenberg_marquardt(Fit& fit) {
  Vector scale = column_norms(fit.at.jacobian);
  for (double& s : scale) s = s == 0 ? 1 : s;
  const double first = norm(times_diagonal(scale, fit.x));
  Region region{.radius = first == 0 ? 100 : 100 * first};
  for (bool is_first = true; !fit.run.ended(); is_first = false) {
    const TrustedStep step(fit.at, scale, region.radius, region.lambda);
    region.lambda = step.lambda();
    if (is_first) region.radius = std::min(region.radius, step.length());
    Vector to = fit.x;
    add_scaled(to, 1, step.p());
    to = fit.residuals.unknowns().rounded(std::move(to));
    const Vector value = fit.residuals.at(to);

    // The decreases as parts of |r|^2.
    const double size = norm(fit.at.value), after = norm(value);
    const double actual = 0.1 * after < size ? 1 - (after / size) * (after / size) : -1;
    const double linear = norm(fit.at.jacobian.times(step.p())) / size;
    const double damped = std::sqrt(step.lambda()) * step.length() / size;
    const double expected = linear * linear + 2 * damped * damped, slope = -(linear * linear + damped * damped);
    const double ratio = expected > 0 ? actual / expected : 0;
    region.adapt(ratio, actual, slope, step.length());
    if (ratio >= 1e-4 && !fit.move_to(to)) return;
    if (ratio <= 2) fit.test_decrease(actual, expected);
    if (!fit.run.ended()) fit.test_step(region.radius, norm(times_diagonal(scale, fit.x)));
    const Vector norms = column_norms(fit.at.jacobian);
    for (std::size_t i = 0; i < scale.size(); ++i) scale[i] = std::max(scale[i], norms[i]);
  }
}

}  // namespace xtape::optimize
