#include "xtape/optimizers/muon.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/adam.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "kernels/sgd.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"
#include "optimizers/variable_names.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::optimizers {
namespace {

double norm_of(const Tensor& t) {
  return std::sqrt(kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    return kernels::sum_of_squares(t.size(), detail::host_read("Optimizer", t).data<T>());
  }));
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

Muon::Muon(const MuonOptions& options) : ElementwiseOptimizer(common_options(options)), options_(options) {
  describe(options);
  check_betas("Muon", options.adam_beta_1, options.adam_beta_2, options.epsilon);
  if (options.adam_weight_decay) check_not_negative("Muon", "adam_weight_decay", *options.adam_weight_decay);
  check_part("Muon", "momentum", options.momentum);
  if (options.ns_steps < 0) {
    detail::fail<ValueError>("Muon", "expected ns_steps >= 0, received {}", options.ns_steps);
  }
  for (const auto& pattern : options.exclude_layers) check_pattern("Muon", "exclude_layers", pattern);
}

bool Muon::takes_adam(const Variable& variable) const {
  if (variable.rank() != 2) return true;
  if (options_.exclude_embeddings && lower_case(variable.name()).find("embedding") != std::string::npos) return true;
  return std::any_of(options_.exclude_layers.begin(), options_.exclude_layers.end(),
                     [&](const std::string& pattern) { return name_has(variable, pattern); });
}

std::vector<Variable> Muon::build_slots(const Variable& variable) {
  if (!takes_adam(variable)) return {add_slot(variable, "momentum")};
  return {add_slot(variable, "momentum"), add_slot(variable, "velocity")};
}

std::optional<double> Muon::weight_decay_of(const Variable& variable) const {
  return takes_adam(variable) ? options_.adam_weight_decay : options_.weight_decay;
}

void Muon::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  alpha_ = step_rate() * options_.adam_lr_ratio * std::sqrt(1 - std::pow(options_.adam_beta_2, t)) /
           (1 - std::pow(options_.adam_beta_1, t));
}

/// The polynomial of degree 5, applied to the singular values of a matrix. A is the smaller one of the two Gram
/// matrices.
Tensor Muon::orthogonal(const Tensor& momentum) const {
  const bool tall = momentum.shape()[0] > momentum.shape()[1];
  Tensor u = momentum * (1 / (norm_of(momentum) + 1e-7));
  for (std::int64_t step = 0; step < options_.ns_steps; ++step) {
    const Tensor gram = tall ? matmul(u, u, {.transpose_a = true}) : matmul(u, u, {.transpose_b = true});
    const Tensor polynomial = gram * options_.muon_b + matmul(gram, gram) * options_.muon_c;
    u = u * options_.muon_a + (tall ? matmul(u, polynomial) : matmul(polynomial, u));
  }
  return u;
}

void Muon::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  if (slots.size() == 2) return ElementwiseOptimizer::update(variable, gradient, slots);
  const Tensor m = slots[0].peek() * options_.momentum + gradient;
  if (m.size() == 0) return;
  const Tensor u = orthogonal(options_.nesterov ? m * options_.momentum + gradient : m);
  const auto longest = static_cast<double>(std::max(u.shape()[0], u.shape()[1]));
  const double rate = step_rate() * (options_.rms_rate ? *options_.rms_rate * std::sqrt(longest) : 1);
  slots[0].assign(m);
  const Tensor& w = detail::value_for_update(variable);
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::sgd(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", u).data<T>(),
                 static_cast<T>(rate));
  });
}

/// Adam's step.
void Muon::update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) {
  kernels::visit_floating(w.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::adam(w.size(), detail::host_write("Optimizer", w).data<T>(), detail::host_read("Optimizer", g).data<T>(),
                  detail::host_write("Optimizer", slots[0]).data<T>(),
                  detail::host_write("Optimizer", slots[1]).data<T>(), alpha_, options_.adam_beta_1,
                  options_.adam_beta_2, options_.epsilon);
  });
}

}  // namespace xtape::optimizers
