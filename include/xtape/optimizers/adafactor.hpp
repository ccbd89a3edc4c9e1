#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Adafactor. OptimizerOptions explains the last ones.
struct AdafactorOptions {
  LearningRate learning_rate = 0.001;
  double beta_2_decay = -0.8;  ///< the moving averages have the decay 1 - t^beta_2_decay in step t
  double epsilon_1 = 1e-30;    ///< added to the squares of gradients
  double epsilon_2 = 1e-3;     ///< the smallest root mean square that a step is scaled by
  double clip_threshold = 1;   ///< the largest root mean square of a step, before the rate
  /// Has no effect, as in Keras: the rate of step t is at most 1 / sqrt(t) in any case.
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

  XTAPE_FIELDS(learning_rate, beta_2_decay, epsilon_1, epsilon_2, clip_threshold, relative_step, weight_decay, clipnorm,
               clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
               gradient_accumulation_steps, name)
};

/// Adafactor (Shazeer and Stern, 2018). For a matrix it keeps the moving averages of the rows' and the columns' mean
/// squares, not one of each element. In step t = 1, 2, ..., with b = 1 - t^beta_2_decay and the root mean square rms:
///
///     matrices (the last two axes):  r = b r + (1 - b) mean_of_each_row(g^2 + epsilon_1)
///                                    c = b c + (1 - b) mean_of_each_column(g^2 + epsilon_1)
///                                    v = r c / mean(r)
///     vectors and scalars:           v = b v + (1 - b) (g^2 + epsilon_1)
///
///     u = g / sqrt(v)
///     a = max(epsilon_2, rms(w)) min(learning_rate, 1 / sqrt(t))
///     w -= a u / max(1, rms(u) / clip_threshold)
///
/// A sparse gradient is made dense.
class Adafactor : public Optimizer {
 public:
  /// Throws a ValueError for a positive beta_2_decay, a negative epsilon, a clip_threshold that is not positive, and
  /// for the options of OptimizerOptions that are out of range.
  explicit Adafactor(const AdafactorOptions& options = {});
  XTAPE_FIRST_OPTIONS(Adafactor, AdafactorOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void prepare_step() override;
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;

 private:
  double beta_2_decay_, epsilon_1_, epsilon_2_, clip_threshold_;
  double rate_ = 0, decay_ = 0;  ///< in the current step
};

}  // namespace xtape::optimizers
