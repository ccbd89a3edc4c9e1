#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/any_of.hpp"
#include "xtape/base/config.hpp"
#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape {

/// A loss as models take it: one of Keras's names ("mse", "mean_squared_error", "MeanSquaredError", ...), an object of
/// namespace `losses` or of a user's own class derived from losses::Loss, a function of that namespace, or any
/// callable from labels and predictions to a Tensor, whose mean is taken (Keras's LossFunctionWrapper).
///
///     .loss = "mse"    .loss = losses::BinaryCrossentropy({.from_logits = true})
///     .loss = [](const Tensor& y_true, const Tensor& y_pred) { return square(y_true - y_pred); }
///
/// "crossentropy" and "ce" are binary_crossentropy for predictions whose last axis has size 1,
/// sparse_categorical_crossentropy for labels of a lower rank or with a last axis of size 1, and
/// categorical_crossentropy otherwise, as in Keras.
class AnyLoss : public detail::AnyOf<AnyLoss, const losses::Loss> {
 public:
  static constexpr const char* kind = "loss";

  /// No loss.
  AnyLoss() = default;
  /// Throws a ValueError for a name that is not known, listing those that are.
  AnyLoss(const char* name) : AnyLoss(std::string(name)) {}
  AnyLoss(const std::string& name);

  template <class L>
  requires std::derived_from<std::decay_t<L>, losses::Loss> AnyLoss(L&& loss)
      : AnyOf(std::make_shared<const std::decay_t<L>>(std::forward<L>(loss))) {}
  /// Throws a ValueError for a null pointer.
  template <class L>
  requires std::derived_from<L, losses::Loss> AnyLoss(std::shared_ptr<L> loss) : AnyOf(std::move(loss)) {}
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, AnyLoss> && !std::derived_from<std::decay_t<F>, losses::Loss> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&, const Tensor&>)
      AnyLoss(F&& callable, std::string name = "loss")
      : AnyOf(std::make_shared<losses::LossFunctionWrapper>(std::forward<F>(callable), std::move(name))) {}
  /// A function with keyword arguments, which have their defaults: `.loss = losses::binary_crossentropy`.
  template <class Options>
  requires std::is_class_v<Options> AnyLoss(Tensor (*function)(const Tensor&, const Tensor&, const Options&))
      : AnyLoss(
            [function](const Tensor& y_true, const Tensor& y_pred) { return function(y_true, y_pred, Options{}); }) {}

  /// The loss of a batch, see losses::Loss. Throws a ValueError where there is none.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
  /// The loss's name, "mean_squared_error" for "mse"; "loss" for a callable.
  const std::string& name() const& { return (*this)->name(); }
  std::string name() const&& { return name(); }

  /// The Config of the loss (see losses::Loss), none where there is none, custom for a callable, and the text
  /// "crossentropy" for that name.
  ConfigValue config() const;
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none. It
  /// reads what Keras 2 and 3 write, functions by their names among it. Throws a ValueError for anything else.
  static AnyLoss from_config(const ConfigValue& value);
  /// Users' classes.
  static detail::Registry<AnyLoss>& registry();
};

}  // namespace xtape
