#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "integrate/combination.hpp"
#include "integrate/runge_kutta.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::integrate {
namespace {

constexpr std::size_t stages = 7;
using Row = std::array<double, stages>;

// Hairer, Norsett and Wanner, table II.5.2.
constexpr Row nodes{0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
constexpr std::array<Row, stages> weights{{
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};
/// The weights of order 5 minus those of order 4.
constexpr Row errors{71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
/// The weights within a step: those of theta, theta^2, theta^3 and theta^4 for each stage (Shampine).
constexpr std::array<std::array<double, 4>, stages> inside{{
    {1, -8048581381.0 / 2820520608, 8663915743.0 / 2820520608, -12715105075.0 / 11282082432},
    {},
    {0, 131558114200.0 / 32700410799, -68118460800.0 / 10900136933, 87487479700.0 / 32700410799},
    {0, -1754552775.0 / 470086768, 14199869525.0 / 1410260304, -10690763975.0 / 1880347072},
    {0, 127303824393.0 / 49829197408, -318862633887.0 / 49829197408, 701980252875.0 / 199316789632},
    {0, -282668133.0 / 205662961, 2019193451.0 / 616988883, -1453857185.0 / 822651844},
    {0, 40617522.0 / 29380423, -110615467.0 / 29380423, 69997945.0 / 29380423},
}};

/// The largest root of a mean square of a state's tensors, in units of the tolerance at y and z.
double scaled_norm(const State& values, const State& y, const State& z, const Steps& steps) {
  double largest = 0;
  for (std::size_t part = 0; part < values.size(); ++part) {
    if (values[part].size() == 0) continue;
    const Tensor scale = steps.atol + steps.rtol * maximum(abs(y[part]), abs(z[part]));
    const double norm = std::sqrt(reduce_mean(square(values[part] / scale)).item());
    if (!(norm <= largest)) largest = norm;
    if (std::isnan(largest)) break;
  }
  return largest;
}

class DormandPrince {
 public:
  DormandPrince(const Dynamics& f, State start, std::span<const double> times, const Steps& steps)
      : f_(f), times_(times), steps_(steps), t_(times[0]), y_(std::move(start)) {
    if (times.size() > 1) direction_ = times[1] > times[0] ? 1 : -1;
  }

  std::vector<State> run() {
    std::vector<State> states{y_};
    if (times_.size() == 1) return states;
    first_ = f_(t_, y_);
    double h = steps_.first_step > 0 ? steps_.first_step : first_step();
    for (std::size_t next = 1; next < times_.size();) {
      const double last = times_.back();
      check(h);
      // The last step ends exactly at the last time.
      const bool ends = h >= std::abs(last - t_);
      const double end = ends ? last : t_ + direction_ * h;
      const double norm = attempt(end);
      if (norm <= 1) {
        for (; next < times_.size() && (end - times_[next]) * direction_ >= 0; ++next)
          states.push_back(at(times_[next]));
        accept(end);
      }
      double factor = norm == 0 ? 10 : std::clamp(0.9 * std::pow(norm, -0.2), 0.2, rejected_ ? 1.0 : 10.0);
      if (!std::isfinite(norm)) factor = 0.2;
      rejected_ = !(norm <= 1);
      h = std::abs(end - (rejected_ ? t_ : before_)) * factor;
    }
    return states;
  }

 private:
  /// The slopes of a step to a time, and the norm of its error.
  double attempt(double end) {
    end_ = end;
    h_ = end - t_;
    slopes_.assign(1, first_);
    State y;
    for (std::size_t stage = 1; stage < stages; ++stage) {
      y = advanced(y_, h_, std::span(weights[stage]).first(stage), slopes_);
      slopes_.push_back(f_(stage + 1 < stages ? t_ + nodes[stage] * h_ : end, y));
    }
    next_ = std::move(y);
    const detail::NoRecording unseen;
    State error;
    for (std::size_t part = 0; part < y_.size(); ++part) {
      std::vector<Tensor> terms;
      for (const auto& slope : slopes_) terms.push_back(slope[part]);
      Row factors = errors;
      for (double& factor : factors) factor *= h_;
      error.push_back(combination(terms, factors));
    }
    return scaled_norm(error, y_, next_, steps_);
  }
  /// The state at a time within the step.
  State at(double time) const {
    if (time == end_) return next_;
    const double theta = (time - t_) / h_;
    Row factors{};
    for (std::size_t stage = 0; stage < stages; ++stage) {
      for (std::size_t power = 4; power-- > 0;) factors[stage] = (factors[stage] + inside[stage][power]) * theta;
    }
    return advanced(y_, h_, factors, slopes_);
  }
  void accept(double end) {
    before_ = t_;
    t_ = end;
    y_ = std::move(next_);
    first_ = slopes_.back();
  }
  void check(double h) {
    if (++count_ > steps_.max_steps) {
      detail::fail<RuntimeError>("odeint", "max_steps, {}, do not reach t = {}: they end at t = {}", steps_.max_steps,
                                 times_.back(), t_);
    }
    if (!(h > 10 * steps_.resolution * std::abs(t_)) || !(h > 0)) {
      detail::fail<RuntimeError>("odeint",
                                 "the steps at t = {} became too short, {:.3g}: the equation is stiff, or its solution "
                                 "not finite",
                                 t_, h);
    }
  }
  /// Hairer, Norsett and Wanner, II.4.
  double first_step() const {
    const detail::NoRecording unseen;
    const double d0 = scaled_norm(y_, y_, y_, steps_), d1 = scaled_norm(first_, y_, y_, steps_);
    const double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
    const State y = advanced(y_, direction_ * h0, std::vector<double>{1}, std::vector<State>{first_});
    State change = f_(t_ + direction_ * h0, y);
    for (std::size_t part = 0; part < change.size(); ++part) change[part] = change[part] - first_[part];
    const double d2 = scaled_norm(change, y_, y_, steps_) / h0;
    const double largest = std::max(d1, d2);
    const double h1 = largest <= 1e-15 ? std::max(1e-6, h0 * 1e-3) : std::pow(0.01 / largest, 0.2);
    const double h = std::min(100 * h0, h1);
    return std::isfinite(h) ? h : h0;
  }

  const Dynamics& f_;
  std::span<const double> times_;
  const Steps& steps_;
  double direction_ = 1;
  std::int64_t count_ = 0;
  bool rejected_ = false;
  double t_, before_ = 0, end_ = 0, h_ = 0;
  State y_, first_, next_;
  std::vector<State> slopes_;
};

}  // namespace

std::vector<State> solve_dopri5(const Dynamics& f, State start, std::span<const double> times, const Steps& steps) {
  return DormandPrince(f, std::move(start), times, steps).run();
}

}  // namespace xtape::integrate
