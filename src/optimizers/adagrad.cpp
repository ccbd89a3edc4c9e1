#include "xtape/optimizers/adagrad.hpp"

#include "core/launch.hpp"
#include "kernels/adagrad.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Adagrad::Adagrad(const AdagradOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      initial_accumulator_value_(options.initial_accumulator_value),
      epsilon_(options.epsilon) {
  describe(options);
  check_not_negative("Adagrad", "initial_accumulator_value", initial_accumulator_value_);
  check_not_negative("Adagrad", "epsilon", epsilon_);
}

std::vector<Variable> Adagrad::build_slots(const Variable& variable) {
  return {add_slot(variable, "accumulator", initial_accumulator_value_)};
}

/// A gradient of zero changes nothing unless 0 is divided by 0.
bool Adagrad::ignores_zero() const noexcept { return initial_accumulator_value_ > 0 || epsilon_ > 0; }

void Adagrad::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::adagrad(w.size(), detail::host_write("Optimizer", w).data<T>(),
                     detail::host_read("Optimizer", g).data<T>(), detail::host_write("Optimizer", slots[0]).data<T>(),
                     step_rate(), epsilon_);
  });
}

}  // namespace xtape::optimizers
