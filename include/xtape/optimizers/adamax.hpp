#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adamax. OptimizerOptions explains the last ones.
struct AdamaxOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;    ///< decay of the moving average of the gradients, in [0, 1)
  double beta_2 = 0.999;  ///< decay of their maximum, in [0, 1)
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
  std::string name = "adamax";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
               ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Adamax, the variant of Adam with the maximum norm (Kingma and Ba, 2015, section 7.1). In step t = 1, 2, ...:
///
///     m += (g - m) (1 - beta_1)
///     u = max(beta_2 u, |g|)
///     w -= learning_rate / (1 - beta_1^t)  m / (u + epsilon)
class Adamax : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta outside [0, 1) and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit Adamax(const AdamaxOptions& options = {});
  XTAPE_FIRST_OPTIONS(Adamax, AdamaxOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void prepare_step() override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double beta_1_, beta_2_, epsilon_;
  double alpha_ = 0;
};

}  // namespace xtape::optimizers
