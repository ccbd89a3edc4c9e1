#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Lamb. OptimizerOptions explains the last ones.
struct LambOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;    ///< decay of the moving average of the gradients, in [0, 1)
  double beta_2 = 0.999;  ///< decay of the moving average of their squares, in [0, 1)
  double epsilon = 1e-7;
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "lamb";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
               ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// LAMB (You et al., 2020), for large batches: Adam's direction, scaled to the norm of each variable. In step
/// t = 1, 2, ...:
///
///     m += (g - m) (1 - beta_1)
///     v += (g^2 - v) (1 - beta_2)
///     u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
///     w -= learning_rate |w| / |u| u
///
/// If |w| or |u| is 0, the factor |w| / |u| is 1. A sparse gradient is made dense.
class Lamb : public Optimizer {
 public:
  /// Throws a ValueError for a beta outside [0, 1) and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit Lamb(const LambOptions& options = {});
  XTAPE_FIRST_OPTIONS(Lamb, LambOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void prepare_step() override;
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;

 private:
  bool writes_elements() const noexcept override { return true; }

  double beta_1_, beta_2_, epsilon_;
  double scale_m_ = 0, scale_v_ = 0;  ///< in the current step
};

}  // namespace xtape::optimizers
