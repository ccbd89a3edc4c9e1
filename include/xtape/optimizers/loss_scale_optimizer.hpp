#pragma once

#include <memory>

#include "xtape/optimizers/any_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of LossScaleOptimizer.
struct LossScaleOptimizerOptions {
  double initial_scale = 32768;              ///< 2^15
  std::int64_t dynamic_growth_steps = 2000;  ///< steps with finite gradients after which the scale doubles
  std::string name = "loss_scale_optimizer";

  XTAPE_FIELDS(initial_scale, dynamic_growth_steps, name)
};

/// Multiplies the loss by a scale, so that small gradients do not become zero in a narrow dtype
/// (keras.optimizers.LossScaleOptimizer). It adjusts the scale itself: a step whose gradients are not all finite is
/// skipped, and halves the scale, but not below 1; after dynamic_growth_steps steps in a row with finite gradients, the
/// scale doubles.
///
///     LossScaleOptimizer optimizer(optimizers::Adam({.learning_rate = 1e-3}));
///     auto grads = tape.gradient(optimizer.scale_loss(loss), variables);
///     optimizer.apply_gradients(zip(grads, variables));
///
/// All other options are those of the inner optimizer, whose loss_scale_factor is not used. minimize() scales the loss
/// itself.
class LossScaleOptimizer : public Optimizer {
 public:
  /// Throws a ValueError if initial_scale is not positive and finite, and for dynamic_growth_steps < 1.
  explicit LossScaleOptimizer(AnyOptimizer inner_optimizer, const LossScaleOptimizerOptions& options = {});

  const std::shared_ptr<Optimizer>& inner_optimizer() const& noexcept { return inner_; }
  std::shared_ptr<Optimizer> inner_optimizer() const&& { return inner_; }
  /// The scale of the next step.
  double dynamic_scale() const;

  void build(std::span<const Variable> variables) override;
  void exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                 const std::vector<std::string>& var_names = {}) override;
  void set_parameter_groups(std::vector<ParameterGroup> groups) override;
  void finalize_variable_values(std::span<const Variable> var_list) override;
  std::int64_t iterations() const override;
  double learning_rate() const override;
  void set_learning_rate(LearningRate learning_rate) override;
  /// "loss_scale_optimizer/iteration" and ".../learning_rate" (both unused, as in Keras), ".../step_counter" (int64),
  /// ".../dynamic_scale" (float32), and the variables of the inner optimizer.
  std::vector<Variable> variables() const override;
  /// The options, and the Config of the inner optimizer.
  Config config() const override;

 protected:
  std::vector<Variable> build_slots(const Variable&) override { return {}; }
  void update(Variable&, const Tensor&, std::span<Variable>) override {}

 private:
  std::int64_t step(std::span<const Tensor> gradients, std::span<const Variable> variables) override;
  void unbuild() noexcept override;
  double loss_scale() const override { return dynamic_scale(); }
  void set_scale(double scale);

  std::shared_ptr<Optimizer> inner_;
  std::int64_t growth_steps_;
  Variable counter_, scale_;
};

}  // namespace xtape::optimizers

namespace xtape::mixed_precision {
using optimizers::LossScaleOptimizer;
}  // namespace xtape::mixed_precision
