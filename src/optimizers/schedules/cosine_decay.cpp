#include "xtape/optimizers/schedules/cosine_decay.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "optimizers/schedules/decay_steps.hpp"

namespace xtape::optimizers::schedules {
namespace {

/// Falls from 1 at p = 0 to 0 at p = 1.
double half_wave(double p) { return 0.5 * (1 + std::cos(std::numbers::pi * p)); }

}  // namespace

CosineDecay::CosineDecay(const CosineDecayOptions& options) : options_(options) {
  describe(options_);
  check_decay_steps("CosineDecay", "decay_steps", options.decay_steps);
  if (options.warmup_steps < 0) {
    detail::fail<ValueError>("CosineDecay", "expected warmup_steps >= 0, received {}", options.warmup_steps);
  }
}

double CosineDecay::operator()(std::int64_t step) const {
  const auto& o = options_;
  double from = o.initial_learning_rate;
  if (o.warmup_target) {
    if (step < o.warmup_steps) {
      return (*o.warmup_target - from) * (static_cast<double>(step) / static_cast<double>(o.warmup_steps)) + from;
    }
    step -= o.warmup_steps;
    from = *o.warmup_target;
  }
  const double p = static_cast<double>(std::min(step, o.decay_steps)) / static_cast<double>(o.decay_steps);
  return from * ((1 - o.alpha) * half_wave(p) + o.alpha);
}

CosineDecayRestarts::CosineDecayRestarts(const CosineDecayRestartsOptions& options) : options_(options) {
  describe(options_);
  check_decay_steps("CosineDecayRestarts", "first_decay_steps", options.first_decay_steps);
  if (!(options.t_mul > 0)) {
    detail::fail<ValueError>("CosineDecayRestarts", "expected t_mul > 0, received {}", options.t_mul);
  }
}

double CosineDecayRestarts::operator()(std::int64_t step) const {
  const auto& o = options_;
  // Time in units of the first period; period i begins at 1 + t_mul + ... + t_mul^(i - 1).
  double p = static_cast<double>(step) / static_cast<double>(o.first_decay_steps), period = std::floor(p);
  if (o.t_mul == 1) {
    p -= period;
  } else {
    const auto begin_of = [&](double i) { return (1 - std::pow(o.t_mul, i)) / (1 - o.t_mul); };
    period = std::floor(std::log(1 - p * (1 - o.t_mul)) / std::log(o.t_mul));
    // Where rounding of the logarithms puts the first step of a period into the period before.
    if (begin_of(period + 1) <= p) ++period;
    p = (p - begin_of(period)) / std::pow(o.t_mul, period);
  }
  return o.initial_learning_rate * ((1 - o.alpha) * std::pow(o.m_mul, period) * half_wave(p) + o.alpha);
}

}  // namespace xtape::optimizers::schedules
