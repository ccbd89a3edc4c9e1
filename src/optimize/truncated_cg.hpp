#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "optimize/objective.hpp"

namespace xtape::optimize {

/// A step p of the quadratic model g p + p H p / 2, and H p.
struct ModelStep {
  Vector p, hp;
  bool at_boundary = false;
  double decrease(const Vector& gradient) const { return -dot(gradient, p) - dot(p, hp) / 2; }
};

/// Minimizes the model by conjugate gradients from 0, up to a residual of min(0.5, sqrt |g|) |g| (Nocedal and Wright,
/// algorithms 7.1 and 7.2). Before each step along d it asks ends(z, d, H d, alpha), whether that ends it instead, at
/// the z that `ends` leaves; alpha is NaN where the curvature is not positive.
template <class Ends>
ModelStep truncated_cg(const Vector& gradient, const Product& hessian, const Ends& ends) {
  const std::size_t n = gradient.size();
  const double size = norm(gradient), tolerance = std::min(0.5, std::sqrt(size)) * size;
  ModelStep z{Vector(n, 0), Vector(n, 0)};
  Vector r = gradient, d = scaled(-1, r);
  double rr = dot(r, r);
  for (std::size_t j = 0; j < 2 * n + 10; ++j) {
    const Vector hd = hessian(d);
    const double curvature = dot(d, hd), alpha = curvature > 0 ? rr / curvature : std::nan("");
    if (ends(z, d, hd, alpha)) break;
    add_scaled(z.p, alpha, d);
    add_scaled(z.hp, alpha, hd);
    add_scaled(r, alpha, hd);
    const double next = dot(r, r);
    if (!(std::sqrt(next) > tolerance)) break;
    d = scaled(next / rr, std::move(d));
    add_scaled(d, -1, r);
    rr = next;
  }
  return z;
}

}  // namespace xtape::optimize
