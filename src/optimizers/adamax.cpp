#include "xtape/optimizers/adamax.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Adamax::Adamax(const AdamaxOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon) {
  describe(options);
  check_betas("Adamax", beta_1_, beta_2_, epsilon_);
}

std::vector<Variable> Adamax::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum"), add_slot(variable, "norm")};
}

void Adamax::prepare_step() { alpha_ = step_rate() / (1 - std::pow(beta_1_, static_cast<double>(iterations() + 1))); }

void Adamax::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::adamax(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
                    detail::host_write("Optimizer", slots[0]).data<T>(),
                    detail::host_write("Optimizer", slots[1]).data<T>(), alpha_, beta_1_, beta_2_, epsilon_);
  });
}

}  // namespace xtape::optimizers
