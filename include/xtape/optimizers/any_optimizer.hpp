#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/any_of.hpp"
#include "xtape/base/config.hpp"
#include "xtape/optimizers/optimizer.hpp"

namespace xtape {

/// The optimizer of Model::compile: a name, an optimizer, or a std::shared_ptr to one. A name is one of Keras's
/// ("adam", "sgd", "rmsprop") or that of the class, in upper or lower case; the optimizer has its default options.
///
///     model.compile({.optimizer = "adam"})    model.compile({.optimizer = optimizers::SGD({.momentum = 0.9})})
class AnyOptimizer : public detail::AnyOf<AnyOptimizer, optimizers::Optimizer> {
 public:
  static constexpr const char* kind = "optimizer";

  /// No optimizer.
  AnyOptimizer() = default;
  /// Throws a ValueError for an unknown name, with the list of the known ones.
  AnyOptimizer(const char* name) : AnyOptimizer(std::string(name)) {}
  AnyOptimizer(const std::string& name);
  /// Throws a ValueError for a null pointer.
  template <std::derived_from<optimizers::Optimizer> O>
  AnyOptimizer(std::shared_ptr<O> optimizer) : AnyOf(std::move(optimizer)) {}
  template <class O>
  requires(std::derived_from<O, optimizers::Optimizer> && !std::is_lvalue_reference_v<O>) AnyOptimizer(O&& optimizer)
      : AnyOf(std::make_shared<std::remove_cvref_t<O>>(std::forward<O>(optimizer))) {}
  /// An optimizer has state, so it is not copied. Hold it in a std::shared_ptr if you also use it yourself.
  template <std::derived_from<optimizers::Optimizer> O>
  AnyOptimizer(O& optimizer) = delete;  // which has state: write std::move(optimizer), or give a std::shared_ptr

  /// The Config of the optimizer, see optimizers::Optimizer; none where there is none.
  ConfigValue config() const;
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none. It
  /// reads what Keras 2 and 3 write: "lr" is learning_rate, and a `decay` that is not 0 becomes an InverseTimeDecay.
  /// Throws a ValueError for anything else.
  static AnyOptimizer from_config(const ConfigValue& value);
  /// Users' classes.
  static detail::Registry<AnyOptimizer>& registry();
};

}  // namespace xtape
