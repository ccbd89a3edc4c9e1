#include "xtape/callbacks/learning_rate_scheduler.hpp"

#include <cmath>

#include "base/check.hpp"
#include "callbacks/python_float.hpp"
#include "xtape/models/model.hpp"

namespace xtape::callbacks {

LearningRateScheduler::LearningRateScheduler(Schedule schedule, const Options& options, int)
    : schedule_(std::move(schedule)), options_(options) {
  if (!schedule_) detail::fail<ValueError>("LearningRateScheduler", "expected a schedule, received an empty function");
}

LearningRateScheduler::Schedule LearningRateScheduler::without_rate(std::function<double(int)> schedule) {
  if (!schedule) return {};
  return [schedule = std::move(schedule)](int epoch, double) { return schedule(epoch); };
}

void LearningRateScheduler::on_epoch_begin(int epoch) {
  auto& optimizer = model().optimizer();
  const double rate = schedule_(epoch, optimizer.learning_rate());
  if (!std::isfinite(rate)) {
    detail::fail<ValueError>("LearningRateScheduler",
                             "the output of the `schedule` function should be a finite number, epoch {} got: {}", epoch,
                             rate);
  }
  optimizer.set_learning_rate(rate);
  if (options_.verbose > 0) {
    fmt::print("\nEpoch {}: LearningRateScheduler setting learning rate to {}.\n", epoch + 1,
               detail::python_float(rate));
  }
}

void LearningRateScheduler::extend_logs(Logs& logs) { logs.set("learning_rate", model().optimizer().learning_rate()); }

}  // namespace xtape::callbacks
