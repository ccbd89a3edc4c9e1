#include "xtape/optimizers/lars.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/lars.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"
#include "optimizers/variable_names.hpp"

namespace xtape::detail {

std::vector<std::string> not_adapted_by_lars() { return {"bias", "gamma", "beta"}; }

}  // namespace xtape::detail

namespace xtape::optimizers {

LARS::LARS(const LARSOptions& options)
    : Optimizer(common_options(options)),
      momentum_(options.momentum),
      nesterov_(options.nesterov),
      trust_coefficient_(options.trust_coefficient),
      weight_decay_rate_(options.weight_decay_rate),
      not_adapted_(options.exclude_from_layer_adaptation) {
  describe(options);
  check_part("LARS", "momentum", momentum_);
  check_positive("LARS", "trust_coefficient", trust_coefficient_);
  check_not_negative("LARS", "weight_decay_rate", weight_decay_rate_);
}

std::vector<Variable> LARS::build_slots(const Variable& variable) { return {add_slot(variable, "momentum")}; }

void LARS::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  const bool adapts = !name_contains(variable, not_adapted_);
  const double decay = adapts && decays(variable) ? weight_decay_rate_ : 0;
  const Tensor& w = detail::value_for_update(variable);
  const Tensor& m = detail::value_for_update(slots[0]);
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* p = detail::host_write("Optimizer", w).data<T>();
    const T* g = detail::host_read("Optimizer", gradient).data<T>();
    const double ratio = adapts ? kernels::lars_ratio(w.size(), p, g, trust_coefficient_, decay) : 1;
    kernels::lars(w.size(), p, g, detail::host_write("Optimizer", m).data<T>(),
                  {step_rate() * ratio, momentum_, decay, nesterov_});
  });
}

}  // namespace xtape::optimizers
