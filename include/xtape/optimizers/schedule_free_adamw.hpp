#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of ScheduleFreeAdamW. OptimizerOptions explains the last ones.
struct ScheduleFreeAdamWOptions {
  LearningRate learning_rate = 0.0025;
  double beta_1 = 0.9;            ///< the part of the average in the weights of the model, in (0, 1)
  double beta_2 = 0.999;          ///< decay of the moving average of the squares of gradients, in [0, 1)
  double epsilon = 1e-8;          ///< added to the root of that average
  std::int64_t warmup_steps = 0;  ///< steps in which the learning rate grows to its value
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "schedule_free_adamw";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, warmup_steps, weight_decay, clipnorm, clipvalue, global_clipnorm,
               use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Schedule-free AdamW (Defazio et al., 2024; keras.optimizers.ScheduleFreeAdamW): no schedule of the learning rate,
/// and so no number of steps that is known before. The gradients are applied to z, which begins as the variable; x is
/// the average of all z; and the model's weights w stand between the two. In step t = 1, 2, ..., with x = (w - (1 -
/// beta_1) z) / beta_1 before the step:
///
///     rate = learning_rate min(t / warmup_steps, 1),  without warmup_steps the learning_rate
///     v += (g^2 - v) (1 - beta_2)
///     z -= rate g / (sqrt(v / (1 - beta_2^t)) + epsilon)
///     x += (z - x) / t
///     w = (1 - beta_1) z + beta_1 x
///
/// The paper evaluates at x, which average() gives; callbacks::SwapEMAWeights does so in fit, evaluate and predict.
/// `momentum`, the slot of z, is the variable as it is when the optimizer is built: load weights before.
class ScheduleFreeAdamW : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta_1 outside (0, 1), a beta_2 outside [0, 1), a negative epsilon or warmup_steps, and
  /// for the options of OptimizerOptions that are out of range.
  explicit ScheduleFreeAdamW(const ScheduleFreeAdamWOptions& options = {});
  XTAPE_FIRST_OPTIONS(ScheduleFreeAdamW, ScheduleFreeAdamWOptions, 1)

  /// x, the average at which the model is to be evaluated, computed from the present value of the variable:
  ///
  ///     for (auto& w : model.trainable_variables()) w.assign(optimizer.average(w));    // after the last step
  ///
  /// Throws a ValueError for a variable that the optimizer has not been built for.
  Tensor average(const Variable& variable) const;

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void prepare_step() override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double beta_1_, beta_2_, epsilon_;
  std::int64_t warmup_steps_;
  // In the current step.
  double rate_ = 0, scale_v_ = 0, weight_ = 0;
};

}  // namespace xtape::optimizers
