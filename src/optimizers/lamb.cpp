#include "xtape/optimizers/lamb.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/lamb.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Lamb::Lamb(const LambOptions& options)
    : Optimizer(common_options(options)), beta_1_(options.beta_1), beta_2_(options.beta_2), epsilon_(options.epsilon) {
  describe(options);
  check_betas("Lamb", beta_1_, beta_2_, epsilon_);
}

std::vector<Variable> Lamb::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
}

void Lamb::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  scale_m_ = 1 / (1 - std::pow(beta_1_, t));
  scale_v_ = 1 / (1 - std::pow(beta_2_, t));
}

void Lamb::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  const Tensor& w = detail::value_for_update(variable);
  const Tensor& m = detail::value_for_update(slots[0]);
  const Tensor& v = detail::value_for_update(slots[1]);
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::lamb(w.size(), detail::host_write("Optimizer", w).data<T>(),
                  detail::host_read("Optimizer", gradient).data<T>(), detail::host_write("Optimizer", m).data<T>(),
                  detail::host_write("Optimizer", v).data<T>(),
                  {step_rate(), beta_1_, beta_2_, epsilon_, scale_m_, scale_v_});
  });
}

}  // namespace xtape::optimizers
