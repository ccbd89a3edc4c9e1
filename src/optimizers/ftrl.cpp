#include "xtape/optimizers/ftrl.hpp"

#include "core/launch.hpp"
#include "kernels/adagrad.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Ftrl::Ftrl(const FtrlOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      power_(-options.learning_rate_power),
      initial_accumulator_value_(options.initial_accumulator_value),
      l1_(options.l1_regularization_strength),
      l2_(options.l2_regularization_strength),
      l2_shrinkage_(options.l2_shrinkage_regularization_strength),
      beta_(options.beta) {
  describe(options);
  if (!(power_ >= 0)) {
    detail::fail<ValueError>("Ftrl",
                             "`learning_rate_power` needs to be negative or zero. Received: learning_rate_power={}",
                             options.learning_rate_power);
  }
  check_not_negative("Ftrl", "initial_accumulator_value", initial_accumulator_value_);
  check_not_negative("Ftrl", "l1_regularization_strength", l1_);
  check_not_negative("Ftrl", "l2_regularization_strength", l2_);
  check_not_negative("Ftrl", "l2_shrinkage_regularization_strength", l2_shrinkage_);
}

std::vector<Variable> Ftrl::build_slots(const Variable& variable) {
  return {add_slot(variable, "accumulator", initial_accumulator_value_), add_slot(variable, "linear")};
}

void Ftrl::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  const double rate = step_rate();
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::ftrl(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
                  detail::host_write("Optimizer", slots[0]).data<T>(),
                  detail::host_write("Optimizer", slots[1]).data<T>(),
                  {rate, power_, l1_, l2_ + beta_ / (2 * rate), l2_shrinkage_});
  });
}

}  // namespace xtape::optimizers
