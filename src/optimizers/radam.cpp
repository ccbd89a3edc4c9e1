#include "xtape/optimizers/radam.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

RAdam::RAdam(const RAdamOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon) {
  describe(options);
  check_betas("RAdam", beta_1_, beta_2_, epsilon_);
}

std::vector<Variable> RAdam::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
}

/// RAdam (Liu et al.: On the Variance of the Adaptive Learning Rate and Beyond, 2020, algorithm 2). `length` is that of
/// the simple moving average that v stands for, whose variance is finite beyond 4; as in PyTorch, 5 is asked for.
void RAdam::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  const double power = std::pow(beta_2_, t), longest = 2 / (1 - beta_2_) - 1;
  const double length = longest - 2 * t * power / (1 - power);
  alpha_ = step_rate() / (1 - std::pow(beta_1_, t));
  rectified_ = length > 5;
  if (!rectified_) return;
  alpha_ *= std::sqrt(1 - power) *
            std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
}

void RAdam::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* p = detail::host_write("Optimizer", w).data<T>();
    T* m = detail::host_write("Optimizer", slots[0]).data<T>();
    T* v = detail::host_write("Optimizer", slots[1]).data<T>();
    const T* gradient = detail::host_read("Optimizer", g).data<T>();
    if (rectified_) {
      kernels::adam(w.size(), p, gradient, m, v, alpha_, beta_1_, beta_2_, epsilon_, decay_factor());
    } else {
      kernels::adam_undivided(w.size(), p, gradient, m, v, alpha_, beta_1_, beta_2_, decay_factor());
    }
  });
}

}  // namespace xtape::optimizers
