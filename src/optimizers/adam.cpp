#include "xtape/optimizers/adam.hpp"

#include <cmath>

#include "core/check.hpp"
#include "kernels/adam.hpp"
#include "optimizers/floating.hpp"

namespace xtape::optimizers {

Adam::Adam(const AdamOptions& options)
    : ElementwiseOptimizer({.name = options.name,
                            .learning_rate = options.learning_rate,
                            .weight_decay = options.weight_decay,
                            .clipnorm = options.clipnorm,
                            .clipvalue = options.clipvalue,
                            .global_clipnorm = options.global_clipnorm}),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon) {
  for (const double beta : {beta_1_, beta_2_}) {
    if (!(beta >= 0 && beta < 1)) {
      detail::fail<ValueError>("Adam", "expected beta_1 and beta_2 in [0, 1), received {} and {}", beta_1_, beta_2_);
    }
  }
  if (!(epsilon_ >= 0)) detail::fail<ValueError>("Adam", "expected epsilon >= 0, received {}", epsilon_);
}

std::vector<Variable> Adam::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
}

void Adam::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  alpha_ = learning_rate() * std::sqrt(1 - std::pow(beta_2_, t)) / (1 - std::pow(beta_1_, t));
}

void Adam::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::adam(w.size(), detail::mutable_data<T>(w), detail::const_data<T>(g), detail::mutable_data<T>(slots[0]),
                  detail::mutable_data<T>(slots[1]), alpha_, beta_1_, beta_2_, epsilon_);
  });
}

}  // namespace xtape::optimizers
