#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// An activation as an option of layers: a function of xtape::nn, one of Keras's names, or any callable from Tensor to
/// Tensor.
///
///     Dense(64, {.activation = nn::relu})    Dense(64, {.activation = "relu"})
///     Dense(64, {.activation = [](const Tensor& x) { return x * sigmoid(x); }})
///
/// Throws a ValueError for a name that is not known, listing those that are.
class ActivationFunction {
 public:
  using Function = Tensor (*)(const Tensor&);

  /// No activation: f(x) = x.
  ActivationFunction() = default;
  ActivationFunction(Function function) : function_(function) {}
  /// Throws a ValueError for a name that is not known, listing those that are.
  ActivationFunction(const char* name) : ActivationFunction(std::string(name)) {}
  ActivationFunction(const std::string& name);
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, ActivationFunction> && std::is_class_v<std::decay_t<F>> &&
           std::is_invocable_r_v<Tensor, const F&, const Tensor&>) ActivationFunction(F callable)
      : callable_(std::move(callable)) {}

  Tensor operator()(const Tensor& x) const {
    return callable_ ? callable_(x) : function_ != nullptr ? function_(x) : x;
  }
  bool is_linear() const noexcept { return function_ == nullptr && !callable_; }
  bool is(Function function) const noexcept { return function_ == function && !callable_; }
  /// Keras's name; "custom" for another callable.
  std::string name() const;
  ConfigValue config() const;
  /// From a name, or none. Throws a ValueError for anything else and an unknown name.
  static ActivationFunction from_config(const ConfigValue& value);

 private:
  Function function_ = nullptr;
  std::function<Tensor(const Tensor&)> callable_;
};

}  // namespace xtape
