#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of RMSprop. OptimizerOptions explains the last ones.
struct RMSpropOptions {
  LearningRate learning_rate = 0.001;
  double rho = 0.9;       ///< decay of the moving average of the squared gradients, in [0, 1]
  double momentum = 0;    ///< in [0, 1]
  double epsilon = 1e-7;  ///< added under the root
  bool centered = false;  ///< divide by the standard deviation of the gradients instead of the root of their squares
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "rmsprop";

  XTAPE_FIELDS(learning_rate, rho, momentum, epsilon, centered, weight_decay, clipnorm, clipvalue, global_clipnorm,
               use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// RMSprop (Tieleman and Hinton, 2012):
///
///     v = rho v + (1 - rho) g^2
///     s = learning_rate g / sqrt(v + epsilon)
///     momentum = 0:  w -= s
///     otherwise:     m = momentum m + s;  w -= m
///
/// With `centered`, the average a = rho a + (1 - rho) g is kept, and max(v - a^2, 0) stands under the root in place of
/// v. (Keras has v - a^2, which rounding can make negative.)
class RMSprop : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a rho or momentum outside [0, 1] and a negative epsilon, and for the options of
  /// OptimizerOptions that are out of range.
  explicit RMSprop(const RMSpropOptions& options = {});
  XTAPE_FIRST_OPTIONS(RMSprop, RMSpropOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  std::size_t slots_listed_together() const noexcept override { return 1; }
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  double rho_, momentum_, epsilon_;
  bool centered_;
};

}  // namespace xtape::optimizers
