#pragma once

#include "xtape/optimizers/elementwise_optimizer.hpp"

namespace xtape::optimizers {

/// Keyword arguments of Muon. OptimizerOptions explains those that are not explained here.
struct MuonOptions {
  LearningRate learning_rate = 0.001;
  double adam_beta_1 = 0.9;                         ///< Adam's decay of the moving average of the gradients, in [0, 1)
  double adam_beta_2 = 0.999;                       ///< Adam's decay of the moving average of their squares, in [0, 1)
  std::optional<double> adam_weight_decay = 0.004;  ///< of the variables that take Adam's steps
  double epsilon = 1e-7;                            ///< Adam's
  std::optional<double> weight_decay = 0.004;       ///< of the variables that take Muon's steps
  std::optional<double> clipnorm = {};
  std::optional<double> clipvalue = {};
  std::optional<double> global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::string name = "muon";
  /// Regular expressions: variables in whose names one of them is found take Adam's steps, such as those of the last
  /// layer of a classifier.
  std::vector<std::string> exclude_layers = {};
  bool exclude_embeddings = true;  ///< variables with "embedding" in their name, of any case, take Adam's steps
  double muon_a = 3.4445;          ///< the coefficients of the polynomial
  double muon_b = -4.7750;
  double muon_c = 2.0315;
  double adam_lr_ratio = 1;   ///< what the learning rate is multiplied by in Adam's steps
  double momentum = 0.95;     ///< Muon's, in [0, 1]
  std::int64_t ns_steps = 5;  ///< how often the polynomial is applied
  bool nesterov = true;       ///< Nesterov's form of the momentum
  /// Scales Muon's steps to root mean squares of about this, those of Adam's steps (Liu et al., 2025); none for steps
  /// as the polynomial gives them.
  std::optional<double> rms_rate = 0.2;

  XTAPE_FIELDS(learning_rate, adam_beta_1, adam_beta_2, adam_weight_decay, epsilon, weight_decay, clipnorm, clipvalue,
               global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
               gradient_accumulation_steps, name, exclude_layers, exclude_embeddings, muon_a, muon_b, muon_c,
               adam_lr_ratio, momentum, ns_steps, nesterov, rms_rate)
};

/// Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon; keras.optimizers.Muon): the momentum of each
/// matrix is made nearly orthogonal, so that a step has the same size in all directions. Adam's steps are taken by
/// variables that are not matrices, by embeddings (exclude_embeddings) and by those of exclude_layers. A matrix w [n,
/// k]:
///
///     m = momentum m + g
///     u = g + momentum m,  or without nesterov  u = m
///     u = u / (|u| + 1e-7),  then ns_steps times:  A = u u^T,  u = muon_a u + (muon_b A + muon_c A A) u
///     w -= learning_rate rms_rate sqrt(max(n, k)) u
///
/// For n > k the polynomial is applied to the transpose of u. It moves all singular values near 1 (Newton and Schulz),
/// so that u comes near U V^T of the singular value decomposition of m. A sparse gradient is made dense in Muon's
/// steps, not in Adam's.
class Muon : public ElementwiseOptimizer {
 public:
  /// Throws a ValueError for an adam_beta outside [0, 1), a negative epsilon, adam_weight_decay or ns_steps, a momentum
  /// outside [0, 1], a text in exclude_layers that is no regular expression, and for the options of OptimizerOptions
  /// that are out of range.
  explicit Muon(const MuonOptions& options = {});
  XTAPE_FIRST_OPTIONS(Muon, MuonOptions, 1)

 protected:
  /// The momentum, and with Adam's steps the velocity.
  std::vector<Variable> build_slots(const Variable& variable) override;
  std::optional<double> weight_decay_of(const Variable& variable) const override;
  void prepare_step() override;
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;
  void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) override;

 private:
  bool takes_adam(const Variable& variable) const;
  Tensor orthogonal(const Tensor& momentum) const;

  MuonOptions options_;
  double alpha_ = 0;  ///< the rate of Adam's step, with the corrections of the bias
};

}  // namespace xtape::optimizers
