#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace xtape::optimizers {

/// A learning rate as optimizers take it: a number, an object of namespace `schedules`, or any callable to a double,
/// from the number of the step (from 0 on, an std::int64_t) or from nothing.
///
///     SGD({.learning_rate = 0.1})    SGD({.learning_rate = schedules::ExponentialDecay({0.1, 1000, 0.96})})
///     SGD({.learning_rate = [](std::int64_t step) { return 0.1 / (1 + step); }})
class LearningRate {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> LearningRate(T constant) : constant_(static_cast<double>(constant)) {}
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, LearningRate> &&
           std::is_invocable_r_v<double, const std::decay_t<F>&, std::int64_t>) LearningRate(F&& schedule)
      : LearningRate(Schedule(std::forward<F>(schedule)), 0) {}
  template <class F>
  requires(std::is_invocable_r_v<double, const std::decay_t<F>&> &&
           !std::is_invocable_r_v<double, const std::decay_t<F>&, std::int64_t>) LearningRate(F&& callable)
      : LearningRate(without_step(std::forward<F>(callable)), 0) {}

  /// Whether it changes with the step.
  bool is_scheduled() const noexcept { return static_cast<bool>(schedule_); }
  double operator()(std::int64_t step) const { return schedule_ ? schedule_(step) : constant_; }

 private:
  using Schedule = std::function<double(std::int64_t)>;
  LearningRate(Schedule schedule, int);
  static Schedule without_step(std::function<double()> callable);

  double constant_ = 0;
  Schedule schedule_;
};

}  // namespace xtape::optimizers
