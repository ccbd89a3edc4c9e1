#include "xtape/optimizers/adadelta.hpp"

#include "core/launch.hpp"
#include "kernels/adagrad.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Adadelta::Adadelta(const AdadeltaOptions& options)
    : ElementwiseOptimizer(common_options(options)), rho_(options.rho), epsilon_(options.epsilon) {
  describe(options);
  check_part("Adadelta", "rho", rho_);
  check_not_negative("Adadelta", "epsilon", epsilon_);
}

std::vector<Variable> Adadelta::build_slots(const Variable& variable) {
  return {add_slot(variable, "accumulated_grad"), add_slot(variable, "accumulated_delta_var")};
}

void Adadelta::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::adadelta(w.size(), detail::host_write("Optimizer", w).data<T>(),
                      detail::host_read("Optimizer", g).data<T>(), detail::host_write("Optimizer", slots[0]).data<T>(),
                      detail::host_write("Optimizer", slots[1]).data<T>(), step_rate(), rho_, epsilon_);
  });
}

}  // namespace xtape::optimizers
