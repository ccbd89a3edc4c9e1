#include "xtape/optimizers/adam.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Adam::Adam(const AdamOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon),
      amsgrad_(options.amsgrad) {
  describe(options);
  check_betas("Adam", beta_1_, beta_2_, epsilon_);
}

std::vector<Variable> Adam::build_slots(const Variable& variable) {
  std::vector<Variable> slots = {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
  if (amsgrad_) slots.push_back(add_slot(variable, "velocity_hat"));
  return slots;
}

void Adam::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  alpha_ = step_rate() * std::sqrt(1 - std::pow(beta_2_, t)) / (1 - std::pow(beta_1_, t));
}

void Adam::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* p = detail::host_write("Optimizer", w).data<T>();
    T* m = detail::host_write("Optimizer", slots[0]).data<T>();
    T* v = detail::host_write("Optimizer", slots[1]).data<T>();
    const T* gradient = detail::host_read("Optimizer", g).data<T>();
    if (amsgrad_) {
      kernels::amsgrad(w.size(), p, gradient, m, v, detail::host_write("Optimizer", slots[2]).data<T>(), alpha_,
                       beta_1_, beta_2_, epsilon_, decay_factor());
    } else {
      kernels::adam(w.size(), p, gradient, m, v, alpha_, beta_1_, beta_2_, epsilon_, decay_factor());
    }
  });
}

}  // namespace xtape::optimizers
