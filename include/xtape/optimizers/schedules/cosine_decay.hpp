#pragma once

#include <cstdint>
#include <optional>

#include "xtape/optimizers/schedules/learning_rate_schedule.hpp"

namespace xtape::optimizers::schedules {

/// Arguments of CosineDecay; the first two are required.
struct CosineDecayOptions {
  double initial_learning_rate;
  std::int64_t decay_steps;                  ///< without the warmup
  double alpha = 0;                          ///< the last rate as a part of the one that it decays from
  std::optional<double> warmup_target = {};  ///< without it there is no warmup
  std::int64_t warmup_steps = 0;
};

/// rate ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha), and rate alpha after decay_steps (Loshchilov and
/// Hutter, 2017, without restarts). With a warmup, the rate first goes straight from initial_learning_rate to
/// warmup_target in warmup_steps, and decays from there.
class CosineDecay : public LearningRateSchedule {
 public:
  /// Throws a ValueError for decay_steps < 1 and warmup_steps < 0.
  explicit CosineDecay(const CosineDecayOptions& options);
  double operator()(std::int64_t step) const override;

 private:
  CosineDecayOptions options_;
};

/// Arguments of CosineDecayRestarts; the first two are required.
struct CosineDecayRestartsOptions {
  double initial_learning_rate;
  std::int64_t first_decay_steps;
  double t_mul = 2;  ///< each period is this much longer than the one before
  double m_mul = 1;  ///< and starts from this part of its rate
  double alpha = 0;  ///< the least rate as a part of the initial one
};

/// Cosine decays one after the other (SGDR: Loshchilov and Hutter, 2017): in period i, at its part p,
/// initial_learning_rate ((1 - alpha) m_mul^i (1 + cos(pi p)) / 2 + alpha).
class CosineDecayRestarts : public LearningRateSchedule {
 public:
  /// Throws a ValueError for first_decay_steps < 1 and for a t_mul that is not positive.
  explicit CosineDecayRestarts(const CosineDecayRestartsOptions& options);
  double operator()(std::int64_t step) const override;

 private:
  CosineDecayRestartsOptions options_;
};

}  // namespace xtape::optimizers::schedules
