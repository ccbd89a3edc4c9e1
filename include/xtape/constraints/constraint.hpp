#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// A projection that optimizers apply to a weight after each update, as layers take it: none, one of Keras's names
/// ("max_norm", "min_max_norm", "non_neg", "unit_norm", or the class's name, "MaxNorm"), an object of namespace
/// `constraints`, or any callable from a const Tensor& to a Tensor of its shape and dtype.
///
///     Dense(64, {.kernel_constraint = constraints::MaxNorm{.max_value = 3}, .bias_constraint = "non_neg"})
class Constraint {
 public:
  /// None.
  Constraint() = default;
  Constraint(std::nullptr_t) {}
  /// Throws a ValueError for a name that is not known, listing those that are.
  Constraint(const char* name) : Constraint(std::string(name)) {}
  Constraint(const std::string& name);
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Constraint> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&>) Constraint(F&& callable)
      : Constraint(Function(std::forward<F>(callable)), 0) {}

  /// Whether there is a constraint.
  explicit operator bool() const noexcept { return static_cast<bool>(function_); }

  /// The weight as it may be; the same when there is no constraint. Throws a ValueError when a callable of one's own
  /// returns another shape or dtype, and what the constraint throws.
  Tensor operator()(const Tensor& w) const;

 private:
  using Function = std::function<Tensor(const Tensor&)>;
  Constraint(Function function, int);

  Function function_;
};

}  // namespace xtape
