#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/optimizers/zip.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::optimizers {

/// What all optimizers have in common.
struct OptimizerOptions {
  std::string name = "optimizer";
  double learning_rate = 0.001;
  /// Before each update, w -= weight_decay learning_rate w (decoupled, as in AdamW).
  std::optional<double> weight_decay = {};
  /// Each gradient is scaled down to this norm: g clipnorm / max(|g|, clipnorm).
  std::optional<double> clipnorm = {};
  /// The elements of each gradient are limited to [-clipvalue, clipvalue].
  std::optional<double> clipvalue = {};
  /// All gradients are scaled down together to this norm; a norm that is not finite makes them NaN, as in TensorFlow.
  std::optional<double> global_clipnorm = {};
};

/// The base of optimizers (keras.optimizers.Optimizer): it knows the variables, checks and clips gradients, and counts
/// steps. One of one's own says what it keeps for a variable and how a gradient changes it:
///
///     struct SignDescent : optimizers::Optimizer {
///       explicit SignDescent(double learning_rate) : Optimizer({.name = "sign", .learning_rate = learning_rate}) {}
///       std::vector<Variable> build_slots(const Variable&) override { return {}; }
///       void update(Variable& v, const Tensor& gradient, std::span<Variable>) override {
///         v.assign_sub(sign(gradient) * learning_rate());
///       }
///     };
///
/// Variables are told apart by identity, not by name, and change in place. Nothing of a step is recorded by tapes.
class Optimizer {
 public:
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  virtual ~Optimizer() = default;

  /// Updates each variable by its gradient and returns the number of steps so far. The first call builds the optimizer
  /// for its variables.
  ///
  /// A variable whose gradient is empty (the loss does not depend on it) stays as it is: the warning "Gradients do not
  /// exist for variables [...] when minimizing the loss." names all of these, and is given whenever one of them has not
  /// been named before, so once for a variable that never gets a gradient (Keras repeats it at every step).
  ///
  /// Throws, before anything has changed: a ValueError for no pairs at all, for "No gradients provided for any
  /// variable", for a variable that the optimizer has not been built for, for a gradient of another shape than its
  /// variable; a TypeError for another dtype, and for variables that are not float32 or float64.
  std::int64_t apply_gradients(const GradientsAndVariables& gradients_and_variables);
  std::int64_t apply_gradients(const std::vector<std::pair<Tensor, Variable>>& gradients_and_variables);

  /// The same for gradients and variables apart; does nothing without any, as in Keras.
  void apply(std::span<const Tensor> gradients, std::span<const Variable> variables);
  /// The same for the variables that the optimizer was built for, in their order. Throws a RuntimeError before build().
  void apply(std::span<const Tensor> gradients);

  /// Computes the loss under a tape, and applies its gradients; returns the loss.
  ///
  ///     optimizer.minimize([&] { return loss_of(model(x), y); }, model.trainable_variables());
  template <class F>
  requires std::is_invocable_r_v<Tensor, F&> Tensor minimize(F&& loss, const std::vector<Variable>& variables) {
    GradientTape tape;
    for (const auto& variable : variables) tape.watch(variable);
    const Tensor value = loss();
    minimize(value, variables, tape);
    return value;
  }
  /// The same for variables that the loss itself makes, such as those of a model in its first call:
  ///
  ///     optimizer.minimize([&] { return loss_of(model(x), y); }, [&] { return model.trainable_variables(); });
  template <class F, class V>
  requires(std::is_invocable_r_v<Tensor, F&>&& std::is_invocable_r_v<std::vector<Variable>, V&>) Tensor
      minimize(F&& loss, V&& variables) {
    GradientTape tape;
    const Tensor value = loss();
    minimize(value, variables(), tape);
    return value;
  }
  /// Applies the gradients of a loss that was computed under `tape`.
  void minimize(const Tensor& loss, const std::vector<Variable>& variables, GradientTape& tape);

  /// Makes the optimizer's variables for these variables; has no effect when it is built, as in Keras.
  void build(std::span<const Variable> variables);
  bool built() const noexcept { return built_; }

  const std::string& name() const noexcept { return name_; }
  /// The number of steps so far.
  std::int64_t iterations() const;
  double learning_rate() const;
  /// Throws a ValueError for what is not finite.
  void set_learning_rate(double learning_rate);
  /// All state: "adam/iteration" (int64), "adam/learning_rate" (float64), and then, for each variable in the order of
  /// building, its slots, such as "adam/dense_kernel_momentum". Assigning to them restores a saved optimizer.
  std::vector<Variable> variables() const;

 protected:
  /// Throws a ValueError when more than one kind of clipping is set, or an option is not positive and finite.
  explicit Optimizer(OptimizerOptions options);

  /// The optimizer's own variables for one variable, called once for each. See add_slot.
  virtual std::vector<Variable> build_slots(const Variable& variable) = 0;
  /// Called once a step, before the updates, to compute what all of them share. iterations() does not count this step.
  virtual void prepare_step() {}
  /// Changes the variable, and its slots, by a gradient of its shape and dtype.
  virtual void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) = 0;

  /// A variable of zeros like the given one, "optimizer/variable_name".
  Variable add_slot(const Variable& variable, const std::string& name) const;

 private:
  struct Tracked {
    Variable variable;
    std::vector<Variable> slots;
    bool reported_missing = false;
  };
  /// One update of the step at hand.
  struct Update {
    std::size_t tracked;
    const Tensor* gradient;
  };
  using Addresses = std::vector<std::pair<const detail::VariableImpl*, std::size_t>>;

  void step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  void collect_updates(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::size_t find(const Variable& variable, std::size_t expected) const;
  void warn_of_missing(std::span<const Tensor> gradients, std::span<const Variable> variables);
  void merge_slices(Tensors& merged);
  double global_scale() const;
  Tensor clipped(const Tensor& gradient, double scale) const;

  std::string name_;
  std::optional<double> weight_decay_, clipnorm_, clipvalue_, global_clipnorm_;
  Variable iteration_, learning_rate_;
  bool built_ = false;
  std::vector<Tracked> tracked_;
  Addresses by_address_;                ///< of tracked_, sorted
  detail::PoolVector<Update> updates_;  ///< kept between steps for its memory
};

}  // namespace xtape::optimizers
