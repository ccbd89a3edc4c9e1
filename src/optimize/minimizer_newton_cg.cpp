#include "optimize/minimizer.hpp"
#include "optimize/truncated_cg.hpp"

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
    bool first = true;
    const auto ends = [&](ModelStep& z, const Vector& d, const Vector&, double alpha) {
      const bool bends_down = !(alpha >= 0);
      if (bends_down && first) z.p = d;  // the steepest descent
      first = false;
      return bends_down;
    };
    return truncated_cg(point.gradient, f_.hessian(point.x), ends).p;
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
