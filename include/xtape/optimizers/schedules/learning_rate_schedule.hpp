#pragma once

#include <cstdint>
#include <typeinfo>

#include "xtape/base/config.hpp"

/// Learning rates that depend on the number of the step, 0 in the first step (keras.optimizers.schedules).
///
///     optimizers::Adam({.learning_rate = optimizers::schedules::CosineDecay(1e-3, /*decay_steps=*/10'000)})
namespace xtape::optimizers::schedules {

/// The base class of schedules. A user's schedule can derive from it, or be any callable from a step to a double.
class LearningRateSchedule : public detail::Described {
 public:
  virtual ~LearningRateSchedule() = default;
  /// The learning rate of a step. The first step is 0.
  virtual double operator()(std::int64_t step) const = 0;

  /// The class and its options under Keras's names. A user's class has its options if it passes them to describe(), or
  /// if it overrides this function.
  virtual Config config() const { return described(typeid(*this), {}); }
  /// Keras's name for config().
  Config get_config() const { return config(); }

 protected:
  LearningRateSchedule() = default;
  LearningRateSchedule(const LearningRateSchedule&) = default;
  LearningRateSchedule& operator=(const LearningRateSchedule&) = default;
};

}  // namespace xtape::optimizers::schedules
