#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::detail {

/// Adds up the gradients of gradient_accumulation_steps steps, the last of which updates the variables by their means.
class GradientAccumulator {
 public:
  /// Null without gradient_accumulation_steps. Throws a ValueError where it is less than 2.
  static std::unique_ptr<GradientAccumulator> make(const optimizers::OptimizerOptions& options);

  /// The variables that hold the sums, in the order of building; none before it.
  void set_sums(std::vector<Variable> sums) noexcept { sums_ = std::move(sums); }
  const std::vector<Variable>& sums() const noexcept { return sums_; }

  /// The number of updates in so many steps.
  std::int64_t updates_in(std::int64_t steps) const noexcept { return steps / steps_per_update_; }
  /// Whether the step after so many steps is one that updates.
  bool updates_after(std::int64_t steps) const noexcept { return (steps + 1) % steps_per_update_ == 0; }

  /// Adds the step's gradients to the sums.
  void add(std::span<const VariableUpdate> updates) const;
  /// Gives each variable its mean as its gradient; one that was given twice has one update.
  void take_means(PoolVector<VariableUpdate>& updates) const;
  /// Sets all sums to zero.
  void clear() const;

 private:
  explicit GradientAccumulator(std::int64_t steps_per_update) : steps_per_update_(steps_per_update) {}

  std::int64_t steps_per_update_;
  std::vector<Variable> sums_;
};

}  // namespace xtape::detail
