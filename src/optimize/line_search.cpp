#include "optimize/line_search.hpp"

#include <algorithm>
#include <cmath>

namespace xtape::optimize {
namespace {

constexpr double decrease = 1e-4;
constexpr int max_evaluations = 40;

/// A step with the value and the slope along the line there.
struct Trial {
  double step = 0, value = 0, slope = 0;
  Point point = {};
  bool finite() const { return std::isfinite(value) && std::isfinite(slope); }
};

/// The minimum of the cubic through the values and slopes of two trials (equation 3.59).
double cubic_minimum(const Trial& a, const Trial& b) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double root = std::sqrt(d1 * d1 - a.slope * b.slope);
  const double d2 = b.step > a.step ? root : -root;
  return b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

class LineSearch {
 public:
  LineSearch(Objective& f, const Line& line) : f_(f), line_(line) {
    origin_.value = line.from.value;
    origin_.slope = dot(line.direction, line.from.gradient);
    // Two neighbouring values of f cannot be told apart.
    rounding_ = 4 * f.resolution() * std::abs(origin_.value);
  }

  std::optional<Point> run() {
    Trial last = origin_;
    double step = line_.first_step;
    while (evaluations_ < max_evaluations) {
      Trial trial = at(step);
      if (too_long(trial) || (last.step > 0 && trial.value >= last.value))
        return zoom(std::move(last), std::move(trial));
      if (flat(trial)) return std::move(trial.point);
      if (trial.slope >= 0) return zoom(std::move(trial), std::move(last));
      const double minimum = cubic_minimum(last, trial);
      const double lower = 2 * step - last.step, upper = 10 * step;
      step = std::isfinite(minimum) ? std::clamp(minimum, std::min(lower, upper), upper) : upper;
      last = std::move(trial);
    }
    return better(std::move(last));
  }

 private:
  Trial at(double step) {
    ++evaluations_;
    Trial trial;
    trial.step = step;
    Vector x = line_.from.x;
    add_scaled(x, step, line_.direction);
    trial.point = f_.at(x);
    trial.value = trial.point.value;
    trial.slope = trial.point.is_finite() ? dot(line_.direction, trial.point.gradient) : NAN;
    return trial;
  }
  bool too_long(const Trial& t) const {
    return !t.finite() || t.value > origin_.value + decrease * t.step * origin_.slope + rounding_;
  }
  bool flat(const Trial& t) const { return std::abs(t.slope) <= -line_.curvature * origin_.slope; }
  /// The point of a step that decreases f.
  std::optional<Point> better(Trial t) const {
    if (t.step > 0 && t.value < origin_.value) return std::move(t.point);
    return {};
  }

  /// Algorithm 3.6: the interval between low and high has good steps; low is the best so far.
  std::optional<Point> zoom(Trial low, Trial high) {
    double last_width = std::abs(high.step - low.step);
    bool bisect = !high.finite();
    while (evaluations_ < max_evaluations) {
      const double width = std::abs(high.step - low.step), middle = (low.step + high.step) / 2;
      double step = bisect ? middle : cubic_minimum(low, high);
      const double left = std::min(low.step, high.step) + 0.05 * width;
      const double right = std::max(low.step, high.step) - 0.05 * width;
      step = std::isfinite(step) ? std::clamp(step, left, right) : middle;
      if (!(width > 1e-14 * std::max(low.step, high.step))) break;
      Trial trial = at(step);
      if (too_long(trial) || trial.value >= low.value) {
        // Equal values, of which only the slopes tell which is nearer to the minimum.
        if (!too_long(trial) && flat(trial) && trial.value <= origin_.value + rounding_) return std::move(trial.point);
        high = std::move(trial);
      } else {
        if (flat(trial)) return std::move(trial.point);
        if (trial.slope * (high.step - low.step) >= 0) high = std::move(low);
        low = std::move(trial);
      }
      const double now = std::abs(high.step - low.step);
      bisect = !high.finite() || now > 0.66 * last_width;
      last_width = now;
    }
    return better(std::move(low));
  }

  Objective& f_;
  const Line& line_;
  Trial origin_;
  double rounding_ = 0;
  int evaluations_ = 0;
};

}  // namespace

std::optional<Point> strong_wolfe(Objective& f, const Line& line) { return LineSearch(f, line).run(); }

}  // namespace xtape::optimize
