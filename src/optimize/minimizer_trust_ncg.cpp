#include <algorithm>
#include <cmath>
#include <utility>

#include "optimize/minimizer.hpp"
#include "optimize/truncated_cg.hpp"

namespace xtape::optimize {
namespace {

/// Goes from z along d to the boundary of the region.
void go_to_boundary(ModelStep& z, const Vector& d, const Vector& hd, double radius) {
  const double a = dot(d, d), b = dot(z.p, d), c = dot(z.p, z.p) - radius * radius;
  const double root = std::sqrt(std::max(0.0, b * b - a * c));
  const double tau = b > 0 ? -c / (b + root) : (root - b) / a;
  add_scaled(z.p, tau, d);
  add_scaled(z.hp, tau, hd);
  z.at_boundary = true;
}

/// Steihaug's conjugate gradients (algorithm 7.2).
ModelStep steihaug(const Vector& gradient, const Product& hessian, double radius) {
  return truncated_cg(gradient, hessian, [&](ModelStep& z, const Vector& d, const Vector& hd, double alpha) {
    Vector p = z.p;
    add_scaled(p, alpha, d);
    if (alpha >= 0 && norm(p) < radius) return false;
    go_to_boundary(z, d, hd, radius);
    return true;
  });
}

/// How much of the decrease that the model promised has come; 1 where both are below the rounding of f.
double fulfilled(const Point& from, const Point& to, double promised, double resolution) {
  if (!to.is_finite()) return -1;
  const double rounding = 4 * resolution * std::abs(from.value), decrease = from.value - to.value;
  if (promised <= rounding && std::abs(decrease) <= rounding) return norm(to.gradient) < norm(from.gradient) ? 1 : -1;
  return decrease / promised;
}

}  // namespace

/// Algorithm 4.1.
Point trust_ncg(Minimizer& minimizer, Point now) {
  double radius = minimizer.options.initial_radius;
  Product hessian = minimizer.f.hessian(now.x);
  while (true) {
    const ModelStep step = steihaug(now.gradient, hessian, radius);
    Vector x = now.x;
    add_scaled(x, 1, step.p);
    Point next = minimizer.f.at(x);
    const double ratio = fulfilled(now, next, step.decrease(now.gradient), minimizer.f.resolution());
    if (!(ratio >= 0.25)) {
      radius = std::min(radius, norm(step.p)) / 4;
    } else if (ratio > 0.75 && step.at_boundary) {
      radius *= 2;
    }
    if (ratio > 0.1) {
      const bool go_on = minimizer.moved(now, next);
      now = std::move(next);
      if (!go_on) return now;
      hessian = minimizer.f.hessian(now.x);
    } else if (!(radius > minimizer.f.resolution() * norm(now.x)) || radius == 0) {
      minimizer.run.end(Status::trust_region_failed,
                        fmt::format("no step decreases the function, {:.6g}, whose gradient has elements up to {:.3g}; "
                                    "the region shrank to {:.3g}",
                                    now.value, max_norm(now.gradient), radius));
      return now;
    }
  }
}

}  // namespace xtape::optimize
