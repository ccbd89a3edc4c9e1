#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Ftrl. OptimizerOptions explains the last ones.
struct FtrlOptions {
  LearningRate learning_rate = 0.001;
  double learning_rate_power = -0.5;       ///< <= 0
  double initial_accumulator_value = 0.1;  ///< >= 0, as are the strengths
  double l1_regularization_strength = 0;
  double l2_regularization_strength = 0;
  double l2_shrinkage_regularization_strength = 0;
  double beta = 0;  ///< adds beta / (2 learning_rate) to the L2 strength
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "ftrl";

  XTAPE_FIELDS(learning_rate, learning_rate_power, initial_accumulator_value, l1_regularization_strength,
               l2_regularization_strength, l2_shrinkage_regularization_strength, beta, weight_decay, clipnorm,
               clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
               gradient_accumulation_steps, name)
};

/// FTRL-proximal, "follow the regularized leader" (McMahan et al., 2013), for linear models with many features. The
/// accumulator a starts at initial_accumulator_value, z at 0. With q = -learning_rate_power:
///
///     a' = a + g^2
///     z += g + 2 l2_shrinkage w - (a'^q - a^q) / learning_rate w
///     w = (clip(z, -l1, l1) - z) / (a'^q / learning_rate + 2 (l2 + beta / (2 learning_rate)))
///     a = a'
///
/// The initial value of a weight matters only by what the first step adds to z.
class Ftrl : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a positive learning_rate_power, a negative initial_accumulator_value or strength, and what
  /// Optimizer throws.
  explicit Ftrl(const FtrlOptions& options = {});
  XTAPE_FIRST_OPTIONS(Ftrl, FtrlOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double power_, initial_accumulator_value_, l1_, l2_, l2_shrinkage_, beta_;
};

}  // namespace xtape::optimizers
