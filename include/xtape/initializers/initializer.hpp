#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// The initial values of a weight, as an option of layers: one of Keras's names ("glorot_uniform", "he_normal",
/// "zeros", "ones", or the class's name, "GlorotUniform"), an object of namespace `initializers`, or any callable from
/// (const Shape&, DType) to a Tensor.
///
///     Dense(64, {.kernel_initializer = "he_normal", .bias_initializer = initializers::Constant(0.1)})
class Initializer {
 public:
  /// Throws a ValueError for an unknown name, which lists the known ones.
  Initializer(const char* name) : Initializer(std::string(name)) {}
  Initializer(const std::string& name);
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Initializer> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Shape&, DType>) Initializer(F&& callable)
      : Initializer(Function(std::forward<F>(callable)), detail::config_of_callable<std::decay_t<F>, Function>) {}

  /// The initial value of a weight of this shape. Throws a ValueError when a user's callable returns another shape or
  /// dtype, and what the initializer throws.
  Tensor operator()(const Shape& shape, DType dtype = float32) const;

  /// Its class and options; custom for a user's callable without XTAPE_FIELDS.
  ConfigValue config() const { return describe_(function_); }
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none,
  /// which is "glorot_uniform". Throws a ValueError for anything else.
  static Initializer from_config(const ConfigValue& value);

  /// Users' classes.
  static detail::Registry<Initializer>& registry();

 private:
  using Function = std::function<Tensor(const Shape&, DType)>;
  Initializer(Function function, ConfigValue (*describe)(const Function&));

  Function function_;
  ConfigValue (*describe_)(const Function&);
};

}  // namespace xtape
