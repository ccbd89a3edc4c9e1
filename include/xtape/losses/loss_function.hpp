#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape {

/// A loss as models take it: one of Keras's names ("mse", "mean_squared_error", "MeanSquaredError", ...), an object of
/// namespace `losses` or of a class of one's own derived from losses::Loss, a function of that namespace, or any
/// callable from labels and predictions to a Tensor, whose mean is taken (Keras's LossFunctionWrapper).
///
///     .loss = "mse"    .loss = losses::BinaryCrossentropy({.from_logits = true})
///     .loss = [](const Tensor& y_true, const Tensor& y_pred) { return square(y_true - y_pred); }
///
/// "crossentropy" and "ce" are binary_crossentropy for predictions whose last axis has size 1,
/// sparse_categorical_crossentropy for labels of a lower rank or with a last axis of size 1, and
/// categorical_crossentropy otherwise, as in Keras.
class LossFunction {
 public:
  /// No loss.
  LossFunction() = default;
  /// Throws a ValueError for a name that is not known, listing those that are.
  LossFunction(const char* name) : LossFunction(std::string(name)) {}
  LossFunction(const std::string& name);

  template <class L>
  requires std::derived_from<std::decay_t<L>, losses::Loss> LossFunction(L&& loss)
      : loss_(std::make_shared<const std::decay_t<L>>(std::forward<L>(loss))) {}
  template <class L>
  requires std::derived_from<L, losses::Loss> LossFunction(std::shared_ptr<L> loss) : loss_(std::move(loss)) {
    check();
  }
  /// Throws a ValueError for a callable that is empty (a null function pointer, an empty std::function).
  template <class F>
  requires(!std::same_as<std::decay_t<F>, LossFunction> && !std::derived_from<std::decay_t<F>, losses::Loss> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&, const Tensor&>)
      LossFunction(F&& callable, std::string name = "loss")
      : loss_(std::make_shared<losses::LossFunctionWrapper>(std::forward<F>(callable), std::move(name))) {}
  /// A function with keyword arguments, which have their defaults: `.loss = losses::binary_crossentropy`.
  template <class Options>
  requires std::is_class_v<Options> LossFunction(Tensor (*function)(const Tensor&, const Tensor&, const Options&))
      : LossFunction(
            [function](const Tensor& y_true, const Tensor& y_pred) { return function(y_true, y_pred, Options{}); }) {}

  /// Whether there is a loss.
  explicit operator bool() const noexcept { return loss_ != nullptr; }
  /// The loss of a batch, see losses::Loss. Throws a ValueError where there is none.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
  /// The loss's name, "mean_squared_error" for "mse"; "loss" for a callable.
  const std::string& name() const&;
  std::string name() const&& { return name(); }
  const std::shared_ptr<const losses::Loss>& loss() const& noexcept { return loss_; }
  std::shared_ptr<const losses::Loss> loss() const&& { return loss_; }

 private:
  void check() const;

  std::shared_ptr<const losses::Loss> loss_;
};

}  // namespace xtape
