#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "xtape/optimizers/schedules/learning_rate_schedule.hpp"

namespace xtape::optimizers::schedules {

/// Arguments of ExponentialDecay; the first three are required.
struct ExponentialDecayOptions {
  double initial_learning_rate;
  std::int64_t decay_steps;
  double decay_rate;
  bool staircase = false;  ///< step / decay_steps is rounded down

  XTAPE_FIELDS(initial_learning_rate, decay_steps, decay_rate, staircase)
};

/// initial_learning_rate decay_rate^(step / decay_steps)
class ExponentialDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError for decay_steps < 1.
  explicit ExponentialDecay(const ExponentialDecayOptions& options);
  XTAPE_FIRST_OPTIONS(ExponentialDecay, ExponentialDecayOptions, 3)
  double operator()(std::int64_t step) const override;

 private:
  ExponentialDecayOptions options_;
};

/// Arguments of InverseTimeDecay; the first three are required.
struct InverseTimeDecayOptions {
  double initial_learning_rate;
  std::int64_t decay_steps;
  double decay_rate;
  bool staircase = false;  ///< step / decay_steps is rounded down

  XTAPE_FIELDS(initial_learning_rate, decay_steps, decay_rate, staircase)
};

/// initial_learning_rate / (1 + decay_rate step / decay_steps)
class InverseTimeDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError for decay_steps < 1.
  explicit InverseTimeDecay(const InverseTimeDecayOptions& options);
  XTAPE_FIRST_OPTIONS(InverseTimeDecay, InverseTimeDecayOptions, 3)
  double operator()(std::int64_t step) const override;

 private:
  InverseTimeDecayOptions options_;
};

/// Arguments of PiecewiseConstantDecay, all required.
struct PiecewiseConstantDecayOptions {
  std::vector<std::int64_t> boundaries;  ///< ascending
  std::vector<double> values;            ///< one more than the boundaries

  XTAPE_FIELDS(boundaries, values)
};

/// values[i] for the first i with step <= boundaries[i]; the last value after the last boundary.
///
///     PiecewiseConstantDecay({100000, 110000}, {1.0, 0.5, 0.1})
class PiecewiseConstantDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError unless there is one value more than boundaries, and for boundaries that do not ascend.
  explicit PiecewiseConstantDecay(PiecewiseConstantDecayOptions options);
  PiecewiseConstantDecay(std::vector<std::int64_t> boundaries, std::vector<double> values)
      : PiecewiseConstantDecay(PiecewiseConstantDecayOptions{std::move(boundaries), std::move(values)}) {}
  double operator()(std::int64_t step) const override;

 private:
  PiecewiseConstantDecayOptions options_;
};

/// Arguments of PolynomialDecay; the first two are required.
struct PolynomialDecayOptions {
  double initial_learning_rate;
  std::int64_t decay_steps;
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;  ///< after decay_steps, decays again from a lower rate, until 2 decay_steps, and so on

  XTAPE_FIELDS(initial_learning_rate, decay_steps, end_learning_rate, power, cycle)
};

/// A polynomial decay from initial_learning_rate to end_learning_rate:
///
///     (initial_learning_rate - end_learning_rate) (1 - p)^power + end_learning_rate
///
/// where p = min(step, decay_steps) / decay_steps, and p = step / (decay_steps max(1, ceil(step / decay_steps))) with
/// `cycle`.
class PolynomialDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError for decay_steps < 1.
  explicit PolynomialDecay(const PolynomialDecayOptions& options);
  XTAPE_FIRST_OPTIONS(PolynomialDecay, PolynomialDecayOptions, 2)
  double operator()(std::int64_t step) const override;

 private:
  PolynomialDecayOptions options_;
};

}  // namespace xtape::optimizers::schedules
