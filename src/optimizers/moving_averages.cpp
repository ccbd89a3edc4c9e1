#include "optimizers/moving_averages.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/moving_average.hpp"

namespace xtape::detail {

std::unique_ptr<MovingAverages> MovingAverages::make(const optimizers::OptimizerOptions& options) {
  if (!(options.ema_momentum >= 0 && options.ema_momentum <= 1)) {
    fail<ValueError>(options.name.c_str(), "`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={}",
                     options.ema_momentum);
  }
  if (options.ema_overwrite_frequency && *options.ema_overwrite_frequency < 1) {
    fail<ValueError>(options.name.c_str(),
                     "`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={}",
                     *options.ema_overwrite_frequency);
  }
  return options.use_ema ? std::unique_ptr<MovingAverages>(new MovingAverages(options)) : nullptr;
}

MovingAverages::MovingAverages(const optimizers::OptimizerOptions& options)
    : momentum_(options.ema_momentum), overwrite_frequency_(options.ema_overwrite_frequency) {}

void MovingAverages::track(std::vector<Variable> variables, std::vector<Variable> averages) noexcept {
  variables_ = std::move(variables);
  averages_ = std::move(averages);
}

void MovingAverages::update(std::int64_t updates_before, bool constrained) {
  const double momentum = updates_before == 0 ? 0 : momentum_;
  const bool overwrites = overwrite_frequency_ && (updates_before + 1) % *overwrite_frequency_ == 0;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    if (is_constrained(i) != constrained) continue;
    const Tensor& average = value_for_update(averages_[i]);
    kernels::visit_floating(average.dtype(), [&]<class T>(kernels::Type<T>) {
      kernels::moving_average(average.size(), host_write("Optimizer", average).data<T>(),
                              host_read("Optimizer", variables_[i].peek()).data<T>(), momentum);
    });
    if (overwrites) overwrite(i);
  }
}

void MovingAverages::keep_constrained(Undo& undo) const {
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    if (is_constrained(i)) undo.keep(averages_[i]);
  }
}

}  // namespace xtape::detail
