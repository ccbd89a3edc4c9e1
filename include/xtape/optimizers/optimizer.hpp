#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/optimizers/learning_rate.hpp"
#include "xtape/optimizers/zip.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::optimizers {

/// What all optimizers have in common: Keras's keyword arguments of optimizers.
struct OptimizerOptions {
  std::string name = "optimizer";
  LearningRate learning_rate = 0.001;
  /// Before each update, w -= weight_decay learning_rate w (decoupled, as in AdamW).
  std::optional<double> weight_decay = {};
  /// Each gradient is scaled down to this norm: g clipnorm / max(|g|, clipnorm).
  std::optional<double> clipnorm = {};
  /// The elements of each gradient are limited to [-clipvalue, clipvalue].
  std::optional<double> clipvalue = {};
  /// All gradients are scaled down together to this norm; a norm that is not finite makes them NaN, as in TensorFlow.
  std::optional<double> global_clipnorm = {};
  /// Keeps a moving average of each variable: after the first update the variable, after a later one
  /// ema_momentum average + (1 - ema_momentum) variable.
  bool use_ema = false;
  double ema_momentum = 0.99;
  /// Every so many updates the variables become their averages; without it, in finalize_variable_values() only.
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  /// scale_loss() multiplies by it, and the gradients are divided by it before all else.
  std::optional<double> loss_scale_factor = {};
  /// Gradients are added up, and every so many steps their mean makes an update.
  std::optional<std::int64_t> gradient_accumulation_steps = {};
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
/// A step divides by the loss scale, adds to the accumulated gradients, and then, where they are complete, clips,
/// decays weights, updates, averages, and applies the variables' constraints, in this order.
///
/// Variables are told apart by identity, not by name, and change in place. Nothing of a step is recorded by tapes.
class Optimizer {
 public:
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  virtual ~Optimizer() = default;

  /// Updates each variable by its gradient and returns the number of steps so far (with gradient_accumulation_steps,
  /// more than iterations()). The first call builds the optimizer
  /// for its variables.
  ///
  /// A variable whose gradient is empty (the loss does not depend on it) stays as it is: the warning "Gradients do not
  /// exist for variables [...] when minimizing the loss." names all of these, and is given whenever one of them has not
  /// been named before, so once for a variable that never gets a gradient (Keras repeats it at every step).
  ///
  /// Throws a ValueError for no pairs at all, for "No gradients provided for any variable", for a variable that the
  /// optimizer has not been built for, for a gradient of another shape than its variable; a TypeError for another
  /// dtype, and for variables that are not float32 or float64.
  ///
  /// All or nothing: where it throws, for these reasons or because a constraint, a schedule or an update() of one's own
  /// does, no variable has changed, nor has the optimizer. (An update() of one's own that writes elements itself, not
  /// by a variable's assignments, must not throw. Where memory runs out in the middle, some variables may be updated.)
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
  /// Applies the gradients of a loss that was computed under `tape`; a loss scale is applied here, not to the loss.
  void minimize(const Tensor& loss, const std::vector<Variable>& variables, GradientTape& tape);

  /// The loss times the loss scale, for a training loop that takes gradients itself:
  ///
  ///     auto grads = tape.gradient(optimizer.scale_loss(loss), variables);  // while the tape records
  Tensor scale_loss(const Tensor& loss) const;

  /// Makes the optimizer's variables for these variables; has no effect when it is built, as in Keras.
  virtual void build(std::span<const Variable> variables);
  bool built() const noexcept { return built_; }

  /// No weight decay for these variables, nor for those with one of the strings in their name: to be called before
  /// build(), otherwise a ValueError.
  ///
  ///     optimizer.exclude_from_weight_decay({}, {"bias"});
  virtual void exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                         const std::vector<std::string>& var_names = {});

  /// With use_ema, gives the variables the values of their averages, for the end of training. Throws a ValueError for a
  /// variable that the optimizer has not been built for.
  virtual void finalize_variable_values(std::span<const Variable> var_list);

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }
  /// The number of updates so far: of steps, or of every gradient_accumulation_steps-th of them.
  virtual std::int64_t iterations() const;
  /// The rate of the next step.
  virtual double learning_rate() const;
  /// Throws a ValueError for what is not finite, and a TypeError for a number where the optimizer has a schedule.
  virtual void set_learning_rate(LearningRate learning_rate);
  /// All state: "adam/iteration" (int64), "adam/learning_rate" (float64; not with a schedule), the moving averages, the
  /// accumulated gradients, and then, for each variable in the order of building, its slots, such as
  /// "adam/dense_kernel_momentum": Keras's order. Assigning to them restores a saved optimizer.
  virtual std::vector<Variable> variables() const;

 protected:
  /// Throws a ValueError when more than one kind of clipping is set, or an option is not positive and finite.
  explicit Optimizer(OptimizerOptions options);

  /// The optimizer's own variables for one variable, called once for each. See add_slot.
  virtual std::vector<Variable> build_slots(const Variable& variable) = 0;
  /// Variables that belong to no variable of the model, called once. See add_variable.
  virtual std::vector<Variable> build_shared() { return {}; }
  /// How many of a variable's slots variables() lists together. For each further one there is a list of its own, as
  /// Keras has it where an optimizer makes slots in several turns.
  virtual std::size_t slots_listed_together() const noexcept { return static_cast<std::size_t>(-1); }
  /// Called once an update, before the variables', to compute what all of them share. iterations() does not count it.
  virtual void prepare_step() {}
  /// Changes the variable, and its slots, by a gradient of its shape and dtype.
  virtual void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) = 0;

  /// Whether update() itself multiplies the variable by decay_factor() before all else; otherwise the base does.
  virtual bool decays_weights() const noexcept { return false; }

  /// 1 - weight_decay learning_rate for the variable at hand, 1 where it does not decay.
  double decay_factor() const noexcept { return decay_factor_; }
  /// The learning rate of the update at hand, as learning_rate() but computed once for all variables.
  double step_rate() const noexcept { return step_rate_; }
  /// A variable of zeros, or of another value, like the given one: "optimizer/variable_name".
  Variable add_slot(const Variable& variable, const std::string& name, double value = 0) const;
  /// A scalar variable, "optimizer/name".
  Variable add_variable(DType dtype, double value, const std::string& name) const;

 private:
  friend class LossScaleOptimizer;

  struct Tracked {
    Variable variable;
    std::vector<Variable> slots;
    Variable average, accumulator;  ///< empty unless asked for
    bool decays = true;
    bool reported_missing = false;
  };
  /// One update of the step at hand.
  struct Update {
    std::size_t tracked;
    const Tensor* gradient;
  };
  using Addresses = std::vector<std::pair<const detail::VariableImpl*, std::size_t>>;

  /// One step; returns the number of steps so far. For whole_step() to call, which takes back what has changed where it
  /// throws.
  virtual std::int64_t step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::int64_t whole_step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  /// Undoes build().
  virtual void unbuild() noexcept;
  virtual double loss_scale() const { return loss_scale_factor_.value_or(1); }
  /// whole_step(), and a part of the program where a function is being traced.
  std::int64_t launch_step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  double traced_scale() const;

  void collect_updates(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::size_t find(const Variable& variable, std::size_t expected) const;
  bool decays(const Variable& variable) const;
  void warn_of_missing(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::int64_t steps() const;
  std::int64_t count_step();
  void set_rate(LearningRate rate);
  static void check_finite(double learning_rate);
  double rate_of_step() const;
  void unscale(Tensors& unscaled);
  bool accumulate();
  void clear_accumulators();
  void merge_slices(Tensors& merged);
  double global_scale() const;
  Tensor clipped(const Tensor& gradient, double scale) const;
  void decay(const Tracked& tracked);
  void keep_constrained() const;
  void update_variables(double scale, bool constrained);
  void update_averages(bool constrained);
  void apply_constraints();

  std::string name_;
  std::optional<double> weight_decay_, clipnorm_, clipvalue_, global_clipnorm_, loss_scale_factor_;
  std::optional<std::int64_t> ema_overwrite_frequency_;
  double ema_momentum_;
  bool use_ema_;
  std::int64_t accumulation_steps_;  ///< 1 without accumulation
  double step_rate_ = 0, decay_factor_ = 1;
  std::function<double(std::int64_t)> schedule_;  ///< empty: learning_rate_ has it
  Variable iteration_, learning_rate_;
  bool built_ = false;
  std::vector<Tracked> tracked_;
  std::vector<Variable> shared_;
  std::vector<Variable> without_decay_;
  std::vector<std::string> names_without_decay_;
  Addresses by_address_;                ///< of tracked_, sorted
  detail::PoolVector<Update> updates_;  ///< kept between steps for its memory
};

}  // namespace xtape::optimizers
