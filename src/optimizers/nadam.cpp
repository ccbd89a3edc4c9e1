#include "xtape/optimizers/nadam.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"

namespace xtape::optimizers {

Nadam::Nadam(const NadamOptions& options)
    : ElementwiseOptimizer(common_options(options)),
      beta_1_(options.beta_1),
      beta_2_(options.beta_2),
      epsilon_(options.epsilon) {
  describe(options);
  check_betas("Nadam", beta_1_, beta_2_, epsilon_);
}

std::vector<Variable> Nadam::build_slots(const Variable& variable) {
  return {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
}

std::vector<Variable> Nadam::build_shared() {
  product_ = add_variable(float64, 1, "u_product");
  return {product_};
}

/// The momentum of step t.
double Nadam::momentum_of(double t) const { return beta_1_ * (1 - 0.5 * std::pow(0.96, t)); }

void Nadam::begin_step() {
  *detail::host_write("Optimizer", detail::value_for_update(product_)).data<double>() *=
      momentum_of(static_cast<double>(iterations() + 1));
}

void Nadam::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  const double u = momentum_of(t), next = momentum_of(t + 1);
  const double product = *detail::host_read("Optimizer", product_.peek()).data<double>();
  rate_m_ = step_rate() * next / (1 - product * next);
  rate_g_ = step_rate() * (1 - u) / (1 - product);
  scale_v_ = 1 / (1 - std::pow(beta_2_, t));
}

void Nadam::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::nadam(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
                   detail::host_write("Optimizer", slots[0]).data<T>(),
                   detail::host_write("Optimizer", slots[1]).data<T>(),
                   {beta_1_, beta_2_, epsilon_, rate_m_, rate_g_, scale_v_});
  });
}

}  // namespace xtape::optimizers
