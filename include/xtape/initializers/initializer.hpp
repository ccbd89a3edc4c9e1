#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// How the weights of a layer get their first values, as layers take it: one of Keras's names ("glorot_uniform",
/// "he_normal", "zeros", "ones", or the class's name, "GlorotUniform"), an object of namespace `initializers`, or any
/// callable from (const Shape&, DType) to a Tensor.
///
///     Dense(64, {.kernel_initializer = "he_normal", .bias_initializer = initializers::Constant(0.1)})
class Initializer {
 public:
  /// Throws a ValueError for a name that is not known, listing those that are.
  Initializer(const char* name) : Initializer(std::string(name)) {}
  Initializer(const std::string& name);
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Initializer> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Shape&, DType>) Initializer(F&& callable)
      : Initializer(Function(std::forward<F>(callable)), detail::config_of_callable<std::decay_t<F>, Function>) {}

  /// The first value of a weight of this shape. Throws a ValueError when a callable of one's own returns another shape
  /// or dtype, and what the initializer throws.
  Tensor operator()(const Shape& shape, DType dtype = float32) const;

  /// Its class and options; "custom" for a callable of the user's own without XTAPE_FIELDS.
  ConfigValue config() const { return describe_(function_); }

 private:
  using Function = std::function<Tensor(const Shape&, DType)>;
  Initializer(Function function, ConfigValue (*describe)(const Function&));

  Function function_;
  ConfigValue (*describe_)(const Function&);
};

}  // namespace xtape
