#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Nadam. OptimizerOptions explains the last ones.
struct NadamOptions {
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
  std::string name = "nadam";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
               ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Nadam: Adam with Nesterov's momentum (Dozat, 2016). In step t = 1, 2, ..., with u_t = beta_1 (1 - 0.96^t / 2):
///
///     m += (g - m) (1 - beta_1)
///     v += (g^2 - v) (1 - beta_2)
///     n = u_(t+1) m / (1 - u_1 ... u_(t+1)) + (1 - u_t) g / (1 - u_1 ... u_t)
///     w -= learning_rate n / (sqrt(v / (1 - beta_2^t)) + epsilon)
class Nadam : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta outside [0, 1) and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit Nadam(const NadamOptions& options = {});
  XTAPE_FIRST_OPTIONS(Nadam, NadamOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  std::vector<Variable> build_shared() override;
  void begin_step() override;
  void prepare_step() override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double momentum_of(double t) const;

  double beta_1_, beta_2_, epsilon_;
  Variable product_;                              ///< u_1 ... u_t
  double rate_m_ = 0, rate_g_ = 0, scale_v_ = 0;  ///< in the current step
};

}  // namespace xtape::optimizers
