#include "xtape/optimizers/sgd.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/sgd.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

SGD::SGD(const SGDOptions& options)
    : ElementwiseOptimizer(common_options(options)), momentum_(options.momentum), nesterov_(options.nesterov) {
  describe(options);
  if (!(momentum_ >= 0 && momentum_ <= 1)) {
    detail::fail<ValueError>("SGD", "expected momentum in [0, 1], received {}", momentum_);
  }
}

std::vector<Variable> SGD::build_slots(const Variable& variable) {
  if (momentum_ == 0) return {};
  return {add_slot(variable, "momentum")};
}

bool SGD::ignores_zero() const noexcept { return momentum_ == 0; }

void SGD::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* values = detail::host_write("Optimizer", w).data<T>();
    const T* gradient = detail::host_read("Optimizer", g).data<T>();
    const T rate = static_cast<T>(step_rate());
    if (slots.empty()) {
      kernels::sgd(w.size(), values, gradient, rate);
    } else {
      kernels::sgd_momentum(w.size(), values, gradient, detail::host_write("Optimizer", slots[0]).data<T>(), rate,
                            static_cast<T>(momentum_), nesterov_);
    }
  });
}

}  // namespace xtape::optimizers
