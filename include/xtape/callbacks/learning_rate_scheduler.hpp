#pragma once

#include <concepts>
#include <functional>
#include <type_traits>

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of LearningRateScheduler.
struct LearningRateSchedulerOptions {
  int verbose = 0;  ///< 1: says on standard output what it does
};

/// Sets the learning rate at the beginning of each epoch (keras.callbacks.LearningRateScheduler) to what a function of
/// the epoch, counted from 0, and of the current rate returns:
///
///     .callbacks = {callbacks::LearningRateScheduler([](int epoch, double lr) {
///       return epoch < 10 ? lr : lr * std::exp(-0.1);
///     })}
///
/// A function of the epoch alone will do. Throws a ValueError for a rate that is not finite, and a TypeError for
/// an optimizer with a schedule.
class LearningRateScheduler : public Callback {
 public:
  using Schedule = std::function<double(int epoch, double learning_rate)>;
  using Options = LearningRateSchedulerOptions;

  template <class F>
  requires std::is_invocable_r_v < double, std::decay_t<F>
  &, int,
      double > explicit LearningRateScheduler(F&& schedule, const Options& options = {})
      : LearningRateScheduler(Schedule(std::forward<F>(schedule)), options, 0) {}
  template <class F>
  requires(std::is_invocable_r_v<double, std::decay_t<F>&, int> &&
           !std::is_invocable_r_v<double, std::decay_t<F>&, int,
                                  double>) explicit LearningRateScheduler(F&& schedule, const Options& options = {})
      : LearningRateScheduler(without_rate(std::forward<F>(schedule)), options, 0) {}

  void on_epoch_begin(int epoch) override;
  /// Adds "learning_rate" to the logs.
  void extend_logs(Logs& logs) override;

 private:
  LearningRateScheduler(Schedule schedule, const Options& options, int);
  static Schedule without_rate(std::function<double(int)> schedule);

  Schedule schedule_;
  Options options_;
};

}  // namespace xtape::callbacks
