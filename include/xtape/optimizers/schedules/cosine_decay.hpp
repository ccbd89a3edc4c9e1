#pragma once

#include <cstdint>
#include <optional>

#include "xtape/optimizers/schedules/learning_rate_schedule.hpp"

namespace xtape::optimizers::schedules {

/// Arguments of CosineDecay; the first two are required.
struct CosineDecayOptions {
  double initial_learning_rate;
  std::int64_t decay_steps;                  ///< without the warmup
  double alpha = 0;                          ///< the final rate, as a fraction of the rate that it decays from
  std::optional<double> warmup_target = {};  ///< empty: no warmup
  std::int64_t warmup_steps = 0;

  XTAPE_FIELDS(initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps)
};

/// A cosine decay without restarts (Loshchilov and Hutter, 2017):
///
///     initial_learning_rate ((1 - alpha) (1 + cos(pi min(step / decay_steps, 1))) / 2 + alpha)
///
/// With a warmup, the rate first rises linearly from initial_learning_rate to warmup_target, in warmup_steps steps. It
/// then decays from warmup_target.
class CosineDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError for decay_steps < 1 and warmup_steps < 0.
  explicit CosineDecay(const CosineDecayOptions& options);
  XTAPE_FIRST_OPTIONS(CosineDecay, CosineDecayOptions, 2)
  double operator()(std::int64_t step) const override;

 private:
  CosineDecayOptions options_;
};

/// Arguments of CosineDecayRestarts; the first two are required.
struct CosineDecayRestartsOptions {
  double initial_learning_rate;
  std::int64_t first_decay_steps;
  double t_mul = 2;  ///< the length of each period as a multiple of the one before
  double m_mul = 1;  ///< the first rate of each period as a multiple of that of the one before
  double alpha = 0;  ///< the smallest rate as a fraction of initial_learning_rate

  XTAPE_FIELDS(initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha)
};

/// Repeated cosine decays (SGDR: Loshchilov and Hutter, 2017). In period i = 0, 1, ..., of which the fraction p is
/// over:
///
///     initial_learning_rate ((1 - alpha) m_mul^i (1 + cos(pi p)) / 2 + alpha)
class CosineDecayRestarts : public LearningRateSchedule {
 public:
  /// Throws a ValueError for first_decay_steps < 1, and if t_mul is not positive.
  explicit CosineDecayRestarts(const CosineDecayRestartsOptions& options);
  XTAPE_FIRST_OPTIONS(CosineDecayRestarts, CosineDecayRestartsOptions, 2)
  double operator()(std::int64_t step) const override;

 private:
  CosineDecayRestartsOptions options_;
};

}  // namespace xtape::optimizers::schedules
