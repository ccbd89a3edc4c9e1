#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of SGD. OptimizerOptions explains the last ones.
struct SGDOptions {
  LearningRate learning_rate = 0.01;
  double momentum = 0;    ///< in [0, 1]
  bool nesterov = false;  ///< Nesterov's momentum (Sutskever et al., 2013)
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "SGD";

  XTAPE_FIELDS(learning_rate, momentum, nesterov, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
               ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name)
};

/// Gradient descent, with momentum as Keras has it:
///
///     momentum = 0:  w -= learning_rate g
///     otherwise:     m = momentum m - learning_rate g;  w += nesterov ? momentum m - learning_rate g : m
class SGD : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for a momentum outside [0, 1], and for the options of OptimizerOptions that are out of range.
  explicit SGD(const SGDOptions& options = {});
  XTAPE_FIRST_OPTIONS(SGD, SGDOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;
  bool ignores_zero() const noexcept override;

 private:
  double momentum_;
  bool nesterov_;
};

}  // namespace xtape::optimizers
