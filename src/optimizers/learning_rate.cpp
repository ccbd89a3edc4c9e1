#include "xtape/optimizers/learning_rate.hpp"

#include "base/check.hpp"

namespace xtape::optimizers {

LearningRate::LearningRate(Schedule schedule, int) : schedule_(std::move(schedule)) {
  if (!schedule_) detail::fail<ValueError>("LearningRate", "the callable is empty");
}

LearningRate::Schedule LearningRate::without_step(std::function<double()> callable) {
  if (!callable) return {};
  return [callable = std::move(callable)](std::int64_t) { return callable(); };
}

}  // namespace xtape::optimizers
