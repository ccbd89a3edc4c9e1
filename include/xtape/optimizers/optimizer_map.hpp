#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xtape/optimizers/any_optimizer.hpp"

namespace xtape::optimizers {

/// The optimizers of a MultiOptimizer by the names of variables (keras.optimizers.OptimizerMap): regular expressions
/// that match the whole name of a variable, and an optimizer for the variables that none matches. An expression that is
/// the name itself counts before others.
///
///     OptimizerMap(optimizers::SGD(0.1), {{"encoder/.*", optimizers::Adam(1e-4)}})
class OptimizerMap {
 public:
  using Entries = std::vector<std::pair<std::string, AnyOptimizer>>;

  /// Throws a ValueError for no optimizer, a LossScaleOptimizer or a MultiOptimizer, an expression that stands there
  /// twice, and a text that is no regular expression.
  explicit OptimizerMap(AnyOptimizer default_optimizer, Entries optimizer_map = {});

  /// The optimizer of a variable. Throws a ValueError if several expressions match its name.
  const std::shared_ptr<Optimizer>& operator()(const Variable& variable) const&;

  const std::shared_ptr<Optimizer>& default_optimizer() const& noexcept { return default_; }
  std::shared_ptr<Optimizer> default_optimizer() const&& { return default_; }
  /// All optimizers, each once: those of the entries in their order, then the default.
  std::vector<std::shared_ptr<Optimizer>> optimizers() const;

  /// `OptimizerMap{default_optimizer = ..., optimizer_map = {...}}`, as Keras writes it.
  Config config() const;
  /// From that Config. Throws a ValueError for anything else.
  static OptimizerMap from_config(const ConfigValue& value);

 private:
  std::shared_ptr<Optimizer> default_;
  std::vector<std::pair<std::string, std::shared_ptr<Optimizer>>> entries_;
};

}  // namespace xtape::optimizers
