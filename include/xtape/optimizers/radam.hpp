#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of RAdam. OptimizerOptions explains the last ones.
struct RAdamOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;    ///< decay of the moving average of the gradients, in [0, 1)
  double beta_2 = 0.999;  ///< decay of the moving average of their squares, in [0, 1)
  double epsilon = 1e-8;  ///< added to the root of that average
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "radam";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
               ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// RAdam (Liu et al., 2020): Adam that does not divide by the root of v while few gradients have been seen, because its
/// variance is then large, and that scales the later steps by r, as if the learning rate were warmed up. The numbers
/// and the defaults are those of torch.optim.RAdam with decoupled_weight_decay. In step t = 1, 2, ...:
///
///     m += (g - m) (1 - beta_1)
///     v += (g^2 - v) (1 - beta_2)
///     R = 2 / (1 - beta_2) - 1
///     p = R - 2 t beta_2^t / (1 - beta_2^t)
///     p > 5:   r = sqrt((p - 4) (p - 2) R / ((R - 4) (R - 2) p))
///              w -= learning_rate r sqrt(1 - beta_2^t) / (1 - beta_1^t)  m / (sqrt(v) + epsilon)
///     p <= 5:  w -= learning_rate / (1 - beta_1^t)  m
class RAdam : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta outside [0, 1) and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit RAdam(const RAdamOptions& options = {});
  XTAPE_FIRST_OPTIONS(RAdam, RAdamOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  bool decays_weights() const noexcept override { return true; }
  void prepare_step() override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double beta_1_, beta_2_, epsilon_;
  double alpha_ = 0;        ///< the rate of the step, with r and the corrections of the bias
  bool rectified_ = false;  ///< whether the step divides by the root of v
};

}  // namespace xtape::optimizers
