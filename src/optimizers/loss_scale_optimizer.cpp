#include "xtape/optimizers/loss_scale_optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "xtape/core/indexed_slices.hpp"

namespace xtape::optimizers {
namespace {

bool is_finite(const Tensor& t) {
  if (const auto slices = indexed_slices(t)) return is_finite(slices->values);
  if (t.dtype() != float32 && t.dtype() != float64) return true;  // to be refused by the inner optimizer
  return kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    const T* begin = detail::host_read("Optimizer", t).data<T>();
    // Squares of finite float64 numbers may overflow.
    return std::isfinite(kernels::sum_of_squares(t.size(), begin)) ||
           std::all_of(begin, begin + t.size(), [](T value) { return std::isfinite(value); });
  });
}

}  // namespace

LossScaleOptimizer::LossScaleOptimizer(AnyOptimizer inner_optimizer, const LossScaleOptimizerOptions& options)
    : Optimizer({.name = options.name, .learning_rate = 0.0}),
      inner_(inner_optimizer.get()),
      growth_steps_(options.dynamic_growth_steps),
      counter_(add_variable(int64, 0, "step_counter")),
      scale_(add_variable(float32, options.initial_scale, "dynamic_scale")) {
  (void)*inner_optimizer;                                   // refuses none
  describe(options, {{"inner_optimizer", ConfigValue()}});  // what config() has in its place
  if (!(options.initial_scale > 0 && std::isfinite(options.initial_scale))) {
    detail::fail<ValueError>("LossScaleOptimizer", "expected initial_scale > 0, received {}", options.initial_scale);
  }
  if (growth_steps_ < 1) {
    detail::fail<ValueError>("LossScaleOptimizer", "expected dynamic_growth_steps >= 1, received {}", growth_steps_);
  }
  inner_->loss_scale_factor_.reset();
}

double LossScaleOptimizer::dynamic_scale() const {
  return *detail::host_read("Optimizer", scale_.peek()).data<float>();
}

void LossScaleOptimizer::set_scale(double scale) {
  *detail::host_write("Optimizer", detail::value_for_update(scale_)).data<float>() = static_cast<float>(scale);
}

void LossScaleOptimizer::build(std::span<const Variable> variables) {
  inner_->build(variables);
  Optimizer::build(variables);
}

void LossScaleOptimizer::unbuild() noexcept {
  inner_->unbuild();
  Optimizer::unbuild();
}

void LossScaleOptimizer::exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                                   const std::vector<std::string>& var_names) {
  inner_->exclude_from_weight_decay(var_list, var_names);
}

void LossScaleOptimizer::set_parameter_groups(std::vector<ParameterGroup> groups) {
  inner_->set_parameter_groups(std::move(groups));
}

void LossScaleOptimizer::finalize_variable_values(std::span<const Variable> var_list) {
  inner_->finalize_variable_values(var_list);
}

std::int64_t LossScaleOptimizer::iterations() const { return inner_->iterations(); }

double LossScaleOptimizer::learning_rate() const { return inner_->learning_rate(); }

void LossScaleOptimizer::set_learning_rate(LearningRate learning_rate) {
  inner_->set_learning_rate(std::move(learning_rate));
}

std::vector<Variable> LossScaleOptimizer::variables() const {
  std::vector<Variable> all = Optimizer::variables();
  all.insert(all.end(), {counter_, scale_});
  const auto inner = inner_->variables();
  all.insert(all.end(), inner.begin(), inner.end());
  return all;
}

Config LossScaleOptimizer::config() const {
  Config config = Optimizer::config();
  config.set("inner_optimizer", inner_->config());
  return config;
}

std::int64_t LossScaleOptimizer::step(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  collect_updates(gradients, variables);  // checks all, so that a wrong call does not count as a step
  std::int64_t& counter = *detail::host_write("Optimizer", detail::value_for_update(counter_)).data<std::int64_t>();
  const bool finite =
      std::all_of(gradients.begin(), gradients.end(), [](const Tensor& g) { return !g.defined() || is_finite(g); });
  if (!finite) {
    counter = 0;
    set_scale(std::max(dynamic_scale() / 2, std::min(dynamic_scale(), 1.0)));
    return inner_->steps();
  }
  struct Scaled {
    std::optional<double>& factor;
    ~Scaled() { factor.reset(); }
  } const scaled{inner_->loss_scale_factor_ = dynamic_scale()};
  const std::int64_t count = inner_->step(gradients, variables);
  if (++counter == growth_steps_) {
    counter = 0;
    set_scale(dynamic_scale() * 2);
  }
  return count;
}

}  // namespace xtape::optimizers
