#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adafactor; see OptimizerOptions for the last ones.
struct AdafactorOptions {
  LearningRate learning_rate = 0.001;
  double beta_2_decay = -0.8;  ///< the means of step t have the decay 1 - t^beta_2_decay
  double epsilon_1 = 1e-30;    ///< added to the squares of gradients
  double epsilon_2 = 1e-3;     ///< the least that stands for a variable's size
  double clip_threshold = 1;   ///< of the root mean square of a step before the rate
  /// Bounds the rate of step t by 1 / sqrt(t): without effect, as in Keras, where this is always so.
  bool relative_step = true;
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "adafactor";
};

/// Adafactor (Shazeer and Stern, 2018): the squares of a matrix's gradients are kept as means of its rows and columns
/// alone. With b = 1 - t^beta_2_decay in step t, from 1 on, and rms the root of the mean square:
///
///     matrices (the last two axes):  r = b r + (1 - b) mean_columns(g^2 + epsilon_1);  c the same of rows
///                                    v = r c / mean(r)
///     vectors and scalars:           v = b v + (1 - b) (g^2 + epsilon_1)
///     u = g / sqrt(v);  a = max(epsilon_2, rms(w)) min(learning_rate, 1 / sqrt(t))
///     w -= a u / max(1, rms(u) / clip_threshold)
///
/// A sparse gradient is made dense.
class Adafactor : public Optimizer {
 public:
  /// Throws a ValueError for a beta_2_decay that is positive, epsilons that are negative and a clip_threshold that is
  /// not positive, and what Optimizer throws.
  explicit Adafactor(const AdafactorOptions& options = {});

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void prepare_step() override;
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;

 private:
  double beta_2_decay_, epsilon_1_, epsilon_2_, clip_threshold_;
  double rate_ = 0, decay_ = 0;  ///< of the step
};

}  // namespace xtape::optimizers
