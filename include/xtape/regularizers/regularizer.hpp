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

/// A penalty on a layer's weights or outputs, as an option of layers: none, one of Keras's names ("l1", "l2", "l1_l2",
/// "orthogonal_regularizer", or the class's name, "L1"), an object of namespace `regularizers`, or any callable from a
/// const Tensor& to a scalar Tensor.
///
///     Dense(64, {.kernel_regularizer = regularizers::L2{.l2 = 1e-4}, .bias_regularizer = "l1"})
class Regularizer {
 public:
  /// None.
  Regularizer() = default;
  Regularizer(std::nullptr_t) {}
  /// Throws a ValueError for an unknown name, which lists the known ones.
  Regularizer(const char* name) : Regularizer(std::string(name)) {}
  Regularizer(const std::string& name);
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function), and for an
  /// object of namespace `regularizers` with an option out of range.
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Regularizer> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&>) Regularizer(F&& callable)
      : Regularizer(Function(checked(std::forward<F>(callable))),
                    detail::config_of_callable<std::decay_t<F>, Function>) {}

  /// Whether there is a penalty.
  explicit operator bool() const noexcept { return static_cast<bool>(function_); }

  /// The penalty, a scalar that tapes record; 0 when there is none. Throws a ValueError when a user's callable does not
  /// return a scalar, and what the regularizer throws.
  Tensor operator()(const Tensor& w) const;

  /// Its class and options, none, or custom for a user's callable without XTAPE_FIELDS.
  ConfigValue config() const { return describe_ == nullptr ? ConfigValue() : describe_(function_); }
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none.
  /// Throws a ValueError for anything else.
  static Regularizer from_config(const ConfigValue& value);

  /// Users' classes.
  static detail::Registry<Regularizer>& registry();

 private:
  using Function = std::function<Tensor(const Tensor&)>;
  template <class F>
  static F&& checked(F&& callable) {
    if constexpr (requires { callable.check(); }) callable.check();
    return std::forward<F>(callable);
  }
  Regularizer(Function function, ConfigValue (*describe)(const Function&));

  Function function_;
  ConfigValue (*describe_)(const Function&) = nullptr;
};

}  // namespace xtape
