#include <algorithm>
#include <cmath>

#include "optimize/minimizer.hpp"

namespace xtape::optimize {
namespace {

class NewtonDirection : public Direction {
 public:
  explicit NewtonDirection(Objective& f) : f_(f) {}

  /// Algorithm 7.1: solves H d = -g by conjugate gradients, up to a direction of negative curvature.
  Vector at(const Point& point) override {
    if (steepest_) {
      steepest_ = false;
      return scaled(-1, point.gradient);
    }
    const Product hessian = f_.hessian(point.x);
    const double size = norm(point.gradient), tolerance = std::min(0.5, std::sqrt(size)) * size;
    Vector z(point.x.size(), 0), r = point.gradient, d = scaled(-1, r);
    double rr = dot(r, r);
    for (std::size_t j = 0; j < 2 * z.size() + 10; ++j) {
      const Vector hd = hessian(d);
      const double curvature = dot(d, hd);
      if (!(curvature > 0)) return j == 0 ? scaled(-1, point.gradient) : z;
      const double alpha = rr / curvature;
      add_scaled(z, alpha, d);
      add_scaled(r, alpha, hd);
      const double next = dot(r, r);
      if (!(std::sqrt(next) > tolerance)) break;
      d = scaled(next / rr, std::move(d));
      add_scaled(d, -1, r);
      rr = next;
    }
    return z;
  }
  void moved(const Point&, const Point&) override {}
  void reset() override { steepest_ = true; }

 private:
  Objective& f_;
  bool steepest_ = false;
};

}  // namespace

std::unique_ptr<Direction> newton_cg(Objective& f) { return std::make_unique<NewtonDirection>(f); }

}  // namespace xtape::optimize
