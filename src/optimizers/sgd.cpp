#include "xtape/optimizers/sgd.hpp"

#include "core/check.hpp"
#include "kernels/sgd.hpp"
#include "optimizers/floating.hpp"

namespace xtape::optimizers {

SGD::SGD(const SGDOptions& options)
    : Optimizer({.name = options.name,
                 .learning_rate = options.learning_rate,
                 .weight_decay = options.weight_decay,
                 .clipnorm = options.clipnorm,
                 .clipvalue = options.clipvalue,
                 .global_clipnorm = options.global_clipnorm}),
      momentum_(options.momentum),
      nesterov_(options.nesterov) {
  if (!(momentum_ >= 0 && momentum_ <= 1)) {
    detail::fail<ValueError>("SGD", "expected momentum in [0, 1], received {}", momentum_);
  }
}

std::vector<Variable> SGD::build_slots(const Variable& variable) {
  if (momentum_ == 0) return {};
  return {add_slot(variable, "momentum")};
}

void SGD::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  const Tensor& w = detail::value_for_update(variable);
  visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    T* values = detail::mutable_data<T>(w);
    const T* g = detail::const_data<T>(gradient);
    const T rate = static_cast<T>(learning_rate());
    if (slots.empty()) {
      kernels::sgd(w.size(), values, g, rate);
    } else {
      T* m = detail::mutable_data<T>(detail::value_for_update(slots[0]));
      kernels::sgd_momentum(w.size(), values, g, m, rate, static_cast<T>(momentum_), nesterov_);
    }
  });
}

}  // namespace xtape::optimizers
