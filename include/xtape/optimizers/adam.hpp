#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adam. OptimizerOptions explains the last ones.
struct AdamOptions {
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;    ///< decay of the moving average of the gradients, in [0, 1)
  double beta_2 = 0.999;  ///< decay of the moving average of their squares, in [0, 1)
  double epsilon = 1e-7;  ///< added to the root of that average ("epsilon hat" of the paper)
  bool amsgrad = false;   ///< divide by the root of the largest v so far (Reddi et al., 2018)
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "adam";

  XTAPE_FIELDS(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, clipnorm, clipvalue, global_clipnorm,
               use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Adam (Kingma and Ba, 2015, the form before section 2.1), as Keras has it. In step t = 1, 2, ...:
///
///     m += (g - m) (1 - beta_1)
///     v += (g^2 - v) (1 - beta_2)
///     w -= learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t)  m / (sqrt(v) + epsilon)
///
/// With `amsgrad`, the largest v so far stands in place of v in the last line.
class Adam : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a beta outside [0, 1) and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit Adam(const AdamOptions& options = {});
  XTAPE_FIRST_OPTIONS(Adam, AdamOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  std::size_t slots_listed_together() const noexcept override { return 2; }
  bool decays_weights() const noexcept override { return true; }
  void prepare_step() override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double beta_1_, beta_2_, epsilon_;
  bool amsgrad_;
  double alpha_ = 0;  ///< the rate of the step, with the corrections of the bias
};

}  // namespace xtape::optimizers
