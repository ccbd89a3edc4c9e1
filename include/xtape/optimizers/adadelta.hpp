#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adadelta. OptimizerOptions explains the last ones.
struct AdadeltaOptions {
  LearningRate learning_rate = 0.001;
  double rho = 0.95;  ///< decay of the moving averages, in [0, 1]
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
  std::string name = "adadelta";

  XTAPE_FIELDS(learning_rate, rho, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
               ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Adadelta (Zeiler, 2012), with a learning rate, which is 1 in the paper. For a weight w and its gradient g:
///
///     a = rho a + (1 - rho) g^2
///     s = g sqrt(d + epsilon) / sqrt(a + epsilon)
///     d = rho d + (1 - rho) s^2
///     w -= learning_rate s
class Adadelta : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a rho outside [0, 1] and a negative epsilon, and for the options of OptimizerOptions that
  /// are out of range.
  explicit Adadelta(const AdadeltaOptions& options = {});
  XTAPE_FIRST_OPTIONS(Adadelta, AdadeltaOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double rho_, epsilon_;
};

}  // namespace xtape::optimizers
