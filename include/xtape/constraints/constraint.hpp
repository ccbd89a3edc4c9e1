#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// A projection that optimizers apply to a weight after each update, as an option of layers: none, one of Keras's names
/// ("max_norm", "min_max_norm", "non_neg", "unit_norm", or the class's name, "MaxNorm"), an object of namespace
/// `constraints`, or any callable from a const Tensor& to a Tensor of its shape and dtype.
///
///     Dense(64, {.kernel_constraint = constraints::MaxNorm{.max_value = 3}, .bias_constraint = "non_neg"})
class Constraint {
 public:
  /// None.
  Constraint() = default;
  Constraint(std::nullptr_t) {}
  /// Throws a ValueError for an unknown name, which lists the known ones.
  Constraint(const char* name) : Constraint(std::string(name)) {}
  Constraint(const std::string& name);
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Constraint> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&>) Constraint(F&& callable)
      : Constraint(Function(std::forward<F>(callable)), detail::config_of_callable<std::decay_t<F>, Function>) {}

  /// Whether there is a constraint.
  explicit operator bool() const noexcept { return static_cast<bool>(function_); }

  /// The projected weight; w itself when there is no constraint. Throws a ValueError when a user's callable returns
  /// another shape or dtype, and what the constraint throws.
  Tensor operator()(const Tensor& w) const;

  /// Its class and options, none, or custom for a user's callable without XTAPE_FIELDS.
  ConfigValue config() const { return describe_ == nullptr ? ConfigValue() : describe_(function_); }
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none.
  /// Throws a ValueError for anything else.
  static Constraint from_config(const ConfigValue& value);

  /// Users' classes.
  static detail::Registry<Constraint>& registry();

 private:
  using Function = std::function<Tensor(const Tensor&)>;
  Constraint(Function function, ConfigValue (*describe)(const Function&));

  Function function_;
  ConfigValue (*describe_)(const Function&) = nullptr;
};

}  // namespace xtape
