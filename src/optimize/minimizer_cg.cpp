#include <algorithm>

#include "optimize/minimizer.hpp"

namespace xtape::optimize {
namespace {

class PolakRibiere : public Direction {
 public:
  Vector at(const Point& point) override {
    Vector d = scaled(-1, point.gradient);
    if (last_.empty()) return last_ = d;
    add_scaled(d, beta_, last_);
    // Rounding, or a line search that ended early.
    if (!(dot(d, point.gradient) < 0)) d = scaled(-1, point.gradient);
    return last_ = d;
  }
  /// The first-order change of the last step again (equation 3.60 and before).
  double first_step(const Point& point, const Vector& d) override {
    if (last_slope_ == 0) return steepest_step(point);
    return last_step_ * last_slope_ / dot(d, point.gradient);
  }
  /// PR+: equation 5.44 and 5.45.
  void moved(const Point& from, const Point& to) override {
    beta_ = std::max(0.0, dot(to.gradient, difference(to.gradient, from.gradient)) / dot(from.gradient, from.gradient));
    if (last_.empty()) last_ = scaled(-1, from.gradient);
    last_slope_ = dot(last_, from.gradient);
    last_step_ = norm(difference(to.x, from.x)) / norm(last_);
  }
  void reset() override {
    last_.clear();
    last_slope_ = 0;
  }
  double curvature() const override { return 0.1; }

 private:
  Vector last_;
  double beta_ = 0, last_slope_ = 0, last_step_ = 0;
};

}  // namespace

std::unique_ptr<Direction> nonlinear_cg() { return std::make_unique<PolakRibiere>(); }

}  // namespace xtape::optimize
