#include "xtape/optimizers/schedule_free_adamw.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::optimizers {

ScheduleFreeAdamW::ScheduleFreeAdamW(const ScheduleFreeAdamWOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon),
      warmup_steps_(options.warmup_steps) {
  describe(options);
  check_betas("ScheduleFreeAdamW", beta_1_, beta_2_, epsilon_);
  if (beta_1_ == 0) {
    detail::fail<ValueError>("ScheduleFreeAdamW", "expected beta_1 > 0, received 0: the weights contain no average");
  }
  if (warmup_steps_ < 0) {
    detail::fail<ValueError>("ScheduleFreeAdamW", "expected warmup_steps >= 0, received {}", warmup_steps_);
  }
}

std::vector<Variable> ScheduleFreeAdamW::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum", variable.peek()), add_slot(variable, "velocity")};
}

void ScheduleFreeAdamW::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  rate_ = step_rate();
  if (warmup_steps_ > 0) rate_ *= std::min(t / static_cast<double>(warmup_steps_), 1.0);
  scale_v_ = 1 / (1 - std::pow(beta_2_, t));
  weight_ = 1 / t;
}

void ScheduleFreeAdamW::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::schedule_free(
        w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
        detail::host_write("Optimizer", slots[0]).data<T>(), detail::host_write("Optimizer", slots[1]).data<T>(),
        {rate_, beta_1_, beta_2_, epsilon_, scale_v_, weight_});
  });
}

Tensor ScheduleFreeAdamW::average(const Variable& variable) const {
  const detail::NoRecording unseen;
  const Tensor& z = slots_of(variable)[0].peek();
  return (variable.peek() - z * (1 - beta_1_)) / beta_1_;
}

}  // namespace xtape::optimizers
