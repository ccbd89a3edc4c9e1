#include "xtape/optimizers/lion.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/lion.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Lion::Lion(const LionOptions& options)
    : ElementwiseOptimizer(common_options(options)), beta_1_(options.beta_1), beta_2_(options.beta_2) {
  describe(options);
  if (!(beta_1_ > 0 && beta_1_ <= 1)) {
    detail::fail<ValueError>("Lion",
                             "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to "
                             "SignSGD. Received: beta_1={}",
                             beta_1_);
  }
}

std::vector<Variable> Lion::build_slots(const Variable& variable) { return {add_slot(variable, "momentum")}; }

void Lion::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::lion(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
                  detail::host_write("Optimizer", slots[0]).data<T>(), step_rate(), beta_1_, beta_2_);
  });
}

}  // namespace xtape::optimizers
