#pragma once

#include <memory>

#include "xtape/optimizers/optimizer_map.hpp"

namespace xtape::optimizers {

/// Keyword arguments of MultiOptimizer.
struct MultiOptimizerOptions {
  /// That of all the optimizers, in place of their own.
  std::optional<double> loss_scale_factor = {};
  std::string name = "multi_optimizer";

  XTAPE_FIELDS(loss_scale_factor, name)
};

/// Updates variables by different optimizers (keras.optimizers.MultiOptimizer):
///
///     using namespace optimizers;
///     model.compile({.optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {{"encoder/.*", Adam(1e-4)}})), ...});
///
/// Each optimizer has its own options: clipping by global_clipnorm, for one, is by the norm of its own gradients. An
/// optimizer none of whose variables has a gradient takes no step. A step is all or nothing over all of them.
class MultiOptimizer : public Optimizer {
 public:
  /// Throws a ValueError for a loss_scale_factor that is not positive.
  explicit MultiOptimizer(OptimizerMap optimizer_map, const MultiOptimizerOptions& options = {});

  /// The optimizers, each once: those of the map's entries in their order, then its default.
  const std::vector<std::shared_ptr<Optimizer>>& optimizers() const& noexcept { return optimizers_; }
  std::vector<std::shared_ptr<Optimizer>> optimizers() const&& { return optimizers_; }
  /// The optimizer of a variable. Throws a ValueError if several of the map's expressions match its name.
  const std::shared_ptr<Optimizer>& optimizer_of(const Variable& variable) const& { return map_(variable); }

  void build(std::span<const Variable> variables) override;
  void exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                 const std::vector<std::string>& var_names = {}) override;
  /// Sets the groups of all the optimizers.
  void set_parameter_groups(std::vector<ParameterGroup> groups) override;
  void finalize_variable_values(std::span<const Variable> var_list) override;
  /// That of the default optimizer. (Keras has none and throws.)
  double learning_rate() const override;
  /// Throws a ValueError: the optimizers have rates of their own.
  void set_learning_rate(LearningRate learning_rate) override;
  /// "multi_optimizer/iteration", ".../learning_rate" (unused, as in Keras), and the variables of the optimizers.
  std::vector<Variable> variables() const override;
  /// The options, and the Config of the map.
  Config config() const override;

 protected:
  std::vector<Variable> build_slots(const Variable&) override { return {}; }
  void update(Variable&, const Tensor&, std::span<Variable>) override {}

 private:
  std::int64_t step(std::span<const Tensor> gradients, std::span<const Variable> variables) override;
  void unbuild() noexcept override;

  OptimizerMap map_;
  std::vector<std::shared_ptr<Optimizer>> optimizers_;
  std::vector<std::size_t> places_;  ///< in optimizers_, of the variables in the order of building
};

}  // namespace xtape::optimizers
