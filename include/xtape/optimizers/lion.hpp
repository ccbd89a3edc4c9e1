#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Lion. OptimizerOptions explains the last ones.
struct LionOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;   ///< the weight of the momentum in the direction, in (0, 1]
  double beta_2 = 0.99;  ///< decay of the momentum
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "lion";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
               ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Lion (Chen et al., 2023), which needs learning rates that are 3 to 10 times smaller than those of Adam:
///
///     w -= learning_rate sign(beta_1 m + (1 - beta_1) g)
///     m = beta_2 m + (1 - beta_2) g
class Lion : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta_1 outside (0, 1], and for the options of OptimizerOptions that are out of range.
  explicit Lion(const LionOptions& options = {});
  XTAPE_FIRST_OPTIONS(Lion, LionOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double beta_1_, beta_2_;
};

}  // namespace xtape::optimizers
