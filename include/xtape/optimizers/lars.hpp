#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::detail {
/// The default of an option: a function, because g++ 12 cannot compile the list in its place.
std::vector<std::string> not_adapted_by_lars();
}  // namespace xtape::detail

namespace xtape::optimizers {

/// Keyword arguments of LARS. OptimizerOptions explains the last ones.
struct LARSOptions {
  LearningRate learning_rate = 0.01;
  double momentum = 0.9;             ///< in [0, 1]
  bool nesterov = false;             ///< Nesterov's form of the momentum
  double trust_coefficient = 0.001;  ///< how far a step may go, as a part of the norm of a variable
  double weight_decay_rate = 0;      ///< the paper's weight decay, which the trust ratio takes into account
  /// By default "bias", "gamma" and "beta". Variables whose name contains one of these strings take plain steps with
  /// momentum: without the trust ratio and without the weight_decay_rate, as is usual for biases and for the scales and
  /// shifts of normalizations.
  std::vector<std::string> exclude_from_layer_adaptation = detail::not_adapted_by_lars();
  std::optional<double> weight_decay = {};
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "lars";

  XTAPE_FIELDS(learning_rate, momentum, nesterov, trust_coefficient, weight_decay_rate, exclude_from_layer_adaptation,
               weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
               loss_scale_factor, gradient_accumulation_steps, name)
};

/// LARS (You et al., 2017), for large batches: descent with momentum, in which the step of each variable is scaled to
/// its norm. With b = weight_decay_rate:
///
///     ratio = trust_coefficient |w| / (|g| + b |w|)
///     m = momentum m - learning_rate ratio (g + b w)
///     w += m,  or with nesterov  w += momentum m - learning_rate ratio (g + b w)
///
/// If |w| or |g| is 0, the ratio is 1. exclude_from_weight_decay() also excludes from the weight_decay_rate. The option
/// weight_decay, which all optimizers have, is another one: it stands outside of the ratio and of the momentum. A
/// sparse gradient is made dense.
class LARS : public Optimizer {
 public:
  /// Throws a ValueError for a momentum outside [0, 1], a trust_coefficient that is not positive, a negative
  /// weight_decay_rate, and for the options of OptimizerOptions that are out of range.
  explicit LARS(const LARSOptions& options = {});
  XTAPE_FIRST_OPTIONS(LARS, LARSOptions, 1)

 protected:
  std::vector<Variable> build_slots(const Variable& variable) override;
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;

 private:
  bool writes_elements() const noexcept override { return true; }

  double momentum_;
  bool nesterov_;
  double trust_coefficient_, weight_decay_rate_;
  std::vector<std::string> not_adapted_;
};

}  // namespace xtape::optimizers
