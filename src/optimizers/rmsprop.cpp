#include "xtape/optimizers/rmsprop.hpp"

#include "core/launch.hpp"
#include "kernels/adagrad.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

RMSprop::RMSprop(const RMSpropOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      rho_(options.rho),
      momentum_(options.momentum),
      epsilon_(options.epsilon),
      centered_(options.centered) {
  describe(options);
  check_part("RMSprop", "rho", rho_);
  check_part("RMSprop", "momentum", momentum_);
  check_not_negative("RMSprop", "epsilon", epsilon_);
}

std::vector<Variable> RMSprop::build_slots(const Variable& variable) {
  std::vector<Variable> slots = {add_slot(variable, "velocity")};
  if (momentum_ > 0) slots.push_back(add_slot(variable, "momentum"));
  if (centered_) slots.push_back(add_slot(variable, "average_gradient"));
  return slots;
}

void RMSprop::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* momentum = momentum_ > 0 ? detail::host_write("Optimizer", slots[1]).data<T>() : nullptr;
    T* average = centered_ ? detail::host_write("Optimizer", slots.back()).data<T>() : nullptr;
    kernels::rmsprop(w.size(), detail::host_write("Optimizer", w).data<T>(),
                     detail::host_read("Optimizer", g).data<T>(), detail::host_write("Optimizer", slots[0]).data<T>(),
                     momentum, average, {step_rate(), rho_, momentum_, epsilon_});
  });
}

}  // namespace xtape::optimizers
