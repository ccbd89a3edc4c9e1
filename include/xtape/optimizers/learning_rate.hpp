#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "xtape/base/config.hpp"

namespace xtape::optimizers {

/// The learning rate of an optimizer: a number, a schedule of the namespace `schedules`, or any callable that returns a
/// double. The callable takes the number of the step (an std::int64_t, 0 in the first step) or nothing.
///
///     SGD({.learning_rate = 0.1})    SGD({.learning_rate = schedules::ExponentialDecay(0.1, 1000, 0.96)})
///     SGD({.learning_rate = [](std::int64_t step) { return 0.1 / (1 + step); }})
class LearningRate {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> LearningRate(T constant) : constant_(static_cast<double>(constant)) {}
  /// Throws a ValueError for an empty callable (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, LearningRate> &&
           std::is_invocable_r_v<double, const std::decay_t<F>&, std::int64_t>) LearningRate(F&& schedule)
      : LearningRate(Schedule(std::forward<F>(schedule)), detail::config_of_callable<std::decay_t<F>, Schedule>) {}
  template <class F>
  requires(std::is_invocable_r_v<double, const std::decay_t<F>&> &&
           !std::is_invocable_r_v<double, const std::decay_t<F>&, std::int64_t>) LearningRate(F&& callable)
      : LearningRate(without_step(std::forward<F>(callable)), nullptr) {}

  /// Whether it is a callable, and not a number.
  bool is_scheduled() const noexcept { return static_cast<bool>(schedule_); }
  double operator()(std::int64_t step) const { return schedule_ ? schedule_(step) : constant_; }

  /// The number, the Config of the schedule, or custom for another callable.
  ConfigValue config() const;
  /// From a number, the Config of a schedule of xtape or of a class registered by register_serializable. Throws a
  /// ValueError for anything else.
  static LearningRate from_config(const ConfigValue& value);
  /// Users' schedules.
  static detail::Registry<LearningRate>& registry();

 private:
  using Schedule = std::function<double(std::int64_t)>;
  using Describe = ConfigValue (*)(const Schedule&);
  LearningRate(Schedule schedule, Describe describe);
  static Schedule without_step(std::function<double()> callable);

  double constant_ = 0;
  Schedule schedule_;
  Describe describe_ = nullptr;  ///< null: custom
};

}  // namespace xtape::optimizers
