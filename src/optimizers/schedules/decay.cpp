#include "xtape/optimizers/schedules/decay.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "optimizers/schedules/decay_steps.hpp"

namespace xtape::optimizers::schedules {
namespace {

/// step / decay_steps, rounded down with `staircase`.
double periods(std::int64_t step, std::int64_t decay_steps, bool staircase) {
  const double p = static_cast<double>(step) / static_cast<double>(decay_steps);
  return staircase ? std::floor(p) : p;
}

}  // namespace

ExponentialDecay::ExponentialDecay(const ExponentialDecayOptions& options) : options_(options) {
  describe(options_);
  check_decay_steps("ExponentialDecay", "decay_steps", options.decay_steps);
}

double ExponentialDecay::operator()(std::int64_t step) const {
  const auto& o = options_;
  return o.initial_learning_rate * std::pow(o.decay_rate, periods(step, o.decay_steps, o.staircase));
}

InverseTimeDecay::InverseTimeDecay(const InverseTimeDecayOptions& options) : options_(options) {
  describe(options_);
  check_decay_steps("InverseTimeDecay", "decay_steps", options.decay_steps);
}

double InverseTimeDecay::operator()(std::int64_t step) const {
  const auto& o = options_;
  return o.initial_learning_rate / (1 + o.decay_rate * periods(step, o.decay_steps, o.staircase));
}

PiecewiseConstantDecay::PiecewiseConstantDecay(PiecewiseConstantDecayOptions options) : options_(std::move(options)) {
  describe(options_);
  const auto& [boundaries, values] = options_;
  if (boundaries.size() + 1 != values.size()) {
    detail::fail<ValueError>("PiecewiseConstantDecay",
                             "The length of boundaries should be 1 less than the length of values. Received: "
                             "boundaries of length {} and values of length {}",
                             boundaries.size(), values.size());
  }
  if (!std::is_sorted(boundaries.begin(), boundaries.end())) {
    detail::fail<ValueError>("PiecewiseConstantDecay", "expected ascending boundaries, received [{}]",
                             fmt::join(boundaries, ", "));
  }
}

double PiecewiseConstantDecay::operator()(std::int64_t step) const {
  const auto& [boundaries, values] = options_;
  const auto next = std::lower_bound(boundaries.begin(), boundaries.end(), step);
  return values[static_cast<std::size_t>(next - boundaries.begin())];
}

PolynomialDecay::PolynomialDecay(const PolynomialDecayOptions& options) : options_(options) {
  describe(options_);
  check_decay_steps("PolynomialDecay", "decay_steps", options.decay_steps);
}

double PolynomialDecay::operator()(std::int64_t step) const {
  const auto& o = options_;
  double p = periods(step, o.decay_steps, false);
  p = o.cycle ? p / std::max(1.0, std::ceil(p)) : std::min(p, 1.0);
  return (o.initial_learning_rate - o.end_learning_rate) * std::pow(1 - p, o.power) + o.end_learning_rate;
}

}  // namespace xtape::optimizers::schedules
