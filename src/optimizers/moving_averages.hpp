#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/undo.hpp"
#include "xtape/optimizers/optimizer.hpp"

namespace xtape::detail {

/// Moving averages of an optimizer's variables (use_ema, ema_momentum, ema_overwrite_frequency):
///
///     average = ema_momentum average + (1 - ema_momentum) variable
///
/// after each update but the first, after which the average is the variable.
class MovingAverages {
 public:
  /// Null without use_ema. Throws a ValueError for an ema_momentum outside [0, 1] and an ema_overwrite_frequency below
  /// 1, with use_ema or without.
  static std::unique_ptr<MovingAverages> make(const optimizers::OptimizerOptions& options);

  /// The variables and, in the same order, those that hold their averages; none before the optimizer is built.
  void track(std::vector<Variable> variables, std::vector<Variable> averages) noexcept;
  const std::vector<Variable>& averages() const noexcept { return averages_; }

  /// After an update: moves the averages of the variables that have a constraint, or of those that have none, and gives
  /// them to the variables where ema_overwrite_frequency says so. `updates_before`: the number of earlier updates.
  void update(std::int64_t updates_before, bool constrained);
  /// Gives the variable the value of its average.
  void overwrite(std::size_t index) { variables_[index].assign(averages_[index].peek()); }
  /// Keeps the averages of the variables that have a constraint.
  void keep_constrained(Undo& undo) const;

 private:
  explicit MovingAverages(const optimizers::OptimizerOptions& options);
  bool is_constrained(std::size_t index) const { return static_cast<bool>(variables_[index].constraint()); }

  double momentum_;
  std::optional<std::int64_t> overwrite_frequency_;
  std::vector<Variable> variables_, averages_;
};

}  // namespace xtape::detail
