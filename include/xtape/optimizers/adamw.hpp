#pragma once

#include "xtape/optimizers/adam.hpp"

namespace xtape::optimizers {

/// Keyword arguments of AdamW. OptimizerOptions explains the last ones.
struct AdamWOptions {
  LearningRate learning_rate = 0.001;
  std::optional<double> weight_decay = 0.004;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "adamw";

  XTAPE_FIELDS(learning_rate, weight_decay, beta_1, beta_2, epsilon, amsgrad, clipnorm, clipvalue, global_clipnorm,
               use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019). Before each step of Adam,
/// w -= weight_decay learning_rate w.
class AdamW : public Adam {
 public:
  /// Throws a ValueError without a weight_decay, and for the options of OptimizerOptions that are out of range.
  explicit AdamW(const AdamWOptions& options = {});
  XTAPE_FIRST_OPTIONS(AdamW, AdamWOptions, 1)
};

}  // namespace xtape::optimizers
