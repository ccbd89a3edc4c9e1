#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/any_of.hpp"
#include "xtape/optimizers/optimizer.hpp"

namespace xtape {

/// An optimizer as Model::compile takes it: one of Keras's names ("adam", "sgd", "rmsprop" or the class's name,
/// whatever the case, for the optimizer with its defaults), an optimizer, or a std::shared_ptr to one.
///
///     model.compile({.optimizer = "adam"})    model.compile({.optimizer = optimizers::SGD({.momentum = 0.9})})
class AnyOptimizer : public detail::AnyOf<AnyOptimizer, optimizers::Optimizer> {
 public:
  static constexpr const char* kind = "optimizer";

  /// None.
  AnyOptimizer() = default;
  /// Throws a ValueError for a name that is not known, listing those that are.
  AnyOptimizer(const char* name) : AnyOptimizer(std::string(name)) {}
  AnyOptimizer(const std::string& name);
  /// Throws a ValueError for a null pointer.
  template <std::derived_from<optimizers::Optimizer> O>
  AnyOptimizer(std::shared_ptr<O> optimizer) : AnyOf(std::move(optimizer)) {}
  template <class O>
  requires(std::derived_from<O, optimizers::Optimizer> && !std::is_lvalue_reference_v<O>) AnyOptimizer(O&& optimizer)
      : AnyOf(std::make_shared<std::remove_cvref_t<O>>(std::forward<O>(optimizer))) {}
  /// An optimizer has state, which is not copied: write std::move(optimizer), or keep it in a std::shared_ptr to use it
  /// yourself as well.
  template <std::derived_from<optimizers::Optimizer> O>
  AnyOptimizer(O& optimizer) = delete;
};

}  // namespace xtape
