#pragma once

#include <cstdint>

/// Learning rates that change with the step (keras.optimizers.schedules), counted from 0.
///
///     optimizers::Adam({.learning_rate = optimizers::schedules::CosineDecay({1e-3, /*decay_steps=*/10'000})})
namespace xtape::optimizers::schedules {

/// The base of schedules. One of one's own can derive from it, or be any callable from a step to a double.
class LearningRateSchedule {
 public:
  virtual ~LearningRateSchedule() = default;
  /// The learning rate of a step; 0 for the first.
  virtual double operator()(std::int64_t step) const = 0;

 protected:
  LearningRateSchedule() = default;
  LearningRateSchedule(const LearningRateSchedule&) = default;
  LearningRateSchedule& operator=(const LearningRateSchedule&) = default;
};

}  // namespace xtape::optimizers::schedules
