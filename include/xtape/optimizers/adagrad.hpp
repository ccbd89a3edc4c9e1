#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adagrad. OptimizerOptions explains the last ones.
struct AdagradOptions {
  LearningRate learning_rate = 0.001;
  double initial_accumulator_value = 0.1;  ///< >= 0
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
  std::string name = "adagrad";

  XTAPE_FIELDS(learning_rate, initial_accumulator_value, epsilon, weight_decay, clipnorm, clipvalue, global_clipnorm,
               use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Adagrad (Duchi et al., 2011). The accumulator a starts at initial_accumulator_value:
///
///     a += g^2
///     w -= learning_rate g / sqrt(a + epsilon)
class Adagrad : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a negative initial_accumulator_value or epsilon, and for the options of OptimizerOptions
  /// that are out of range.
  explicit Adagrad(const AdagradOptions& options = {});
  XTAPE_FIRST_OPTIONS(Adagrad, AdagradOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;
  bool ignores_zero() const noexcept override;

 private:
  double initial_accumulator_value_, epsilon_;
};

}  // namespace xtape::optimizers
