#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/optimizers/learning_rate.hpp"
#include "xtape/optimizers/parameter_group.hpp"
#include "xtape/optimizers/zip.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

class GradientAccumulator;
class GradientClipper;
class MovingAverages;

/// One update of a step: the variable, by its place in the order of building, and its gradient.
struct VariableUpdate {
  std::size_t index;
  const Tensor* gradient;
};

}  // namespace xtape::detail

namespace xtape::optimizers {

/// The options that all optimizers have: Keras's keyword arguments of optimizers.
struct OptimizerOptions {
  std::string name = "optimizer";
  LearningRate learning_rate = 0.001;
  /// Before each update, w -= weight_decay * learning_rate * w (decoupled, as in AdamW).
  std::optional<double> weight_decay = {};
  /// Each gradient is scaled down to this norm: g * clipnorm / max(|g|, clipnorm).
  std::optional<double> clipnorm = {};
  /// The elements of each gradient are limited to [-clipvalue, clipvalue].
  std::optional<double> clipvalue = {};
  /// All gradients are scaled down together to this norm; a norm that is not finite makes them NaN, as in TensorFlow.
  std::optional<double> global_clipnorm = {};
  /// Keeps a moving average of each variable. After the first update it is the variable, after each later one
  /// ema_momentum * average + (1 - ema_momentum) * variable.
  bool use_ema = false;
  double ema_momentum = 0.99;
  /// The variables are set to their averages after every so many updates. Without it, only
  /// finalize_variable_values() does that.
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  /// scale_loss() multiplies the loss by it; each step first divides the gradients by it.
  std::optional<double> loss_scale_factor = {};
  /// Gradients are added up. Every so many steps the variables are updated by the means.
  std::optional<std::int64_t> gradient_accumulation_steps = {};

  XTAPE_FIELDS(name, learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
               ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps)
};

/// The base class of optimizers (keras.optimizers.Optimizer): it knows the variables, checks and clips gradients, and
/// counts steps. A derived class says which variables it keeps beside a model's variable (the slots), and how a
/// gradient changes them:
///
///     struct SignDescent : optimizers::Optimizer {
///       explicit SignDescent(double learning_rate) : Optimizer({.name = "sign", .learning_rate = learning_rate}) {}
///       std::vector<Variable> build_slots(const Variable&) override { return {}; }
///       void update(Variable& v, const Tensor& gradient, std::span<Variable>) override {
///         v.assign_sub(sign(gradient) * step_rate());
///       }
///     };
///
/// A step does this, in this order:
///
/// 1. It divides the gradients by the loss scale.
/// 2. It adds them to the accumulated gradients. It ends here unless these are complete.
/// 3. It clips the gradients.
/// 4. For each variable, it applies weight decay and calls update().
/// 5. It moves the averages and applies the variables' constraints.
///
/// Variables are distinguished by identity, not by name, and change in place. Tapes record nothing of a step.
class Optimizer : public detail::Described {
 public:
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;
  virtual ~Optimizer();

  /// Updates each variable by its gradient and returns the number of steps so far (with gradient_accumulation_steps,
  /// more than iterations()). The first call builds the optimizer for its variables.
  ///
  /// A variable whose gradient is empty (the loss does not depend on it) does not change. The warning "Gradients do not
  /// exist for variables [...] when minimizing the loss." names all variables of that kind. It comes whenever one of
  /// them has not been named before: once for a variable that never has a gradient (Keras repeats it in every step).
  ///
  /// Throws a ValueError if there are no pairs, if no variable has a gradient ("No gradients provided for any
  /// variable"), if the optimizer has been built without one of the variables, and if a gradient has another shape than
  /// its variable; a TypeError if it has another dtype, and if a variable is not float32 or float64.
  ///
  /// All or nothing: if it throws, for these reasons or because a constraint, a schedule or a user's update() throws,
  /// no variable and nothing in the optimizer has changed. Two exceptions: a user's update() that writes elements
  /// itself, and not by a variable's assignments, must not throw; and if memory runs out in the middle of a step, some
  /// variables may have been updated.
  std::int64_t apply_gradients(const GradientsAndVariables& gradients_and_variables);
  std::int64_t apply_gradients(const std::vector<std::pair<Tensor, Variable>>& gradients_and_variables);

  /// The same for gradients and variables in two lists. Does nothing if they are empty, as in Keras.
  void apply(std::span<const Tensor> gradients, std::span<const Variable> variables);
  /// The same for the variables that the optimizer was built for, in that order. Throws a RuntimeError before build().
  void apply(std::span<const Tensor> gradients);

  /// Computes the loss under a tape and applies its gradients. Returns the loss.
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
  /// The same for variables that are made while the loss is computed, such as those of a model in its first call:
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
  /// Applies the gradients of a loss that was computed under `tape`. The loss is the plain one: the loss scale is
  /// applied here.
  void minimize(const Tensor& loss, const std::vector<Variable>& variables, GradientTape& tape);

  /// The loss times the loss scale, for training loops that compute gradients themselves:
  ///
  ///     auto grads = tape.gradient(optimizer.scale_loss(loss), variables);  // while the tape records
  Tensor scale_loss(const Tensor& loss) const;

  /// Makes the optimizer's own variables for these variables. Does nothing if it is built already, as in Keras.
  virtual void build(std::span<const Variable> variables);
  bool built() const noexcept { return built_; }

  /// Excludes from weight decay these variables, and those whose name contains one of the strings. Throws a ValueError
  /// after build().
  ///
  ///     optimizer.exclude_from_weight_decay({}, {"bias"});
  virtual void exclude_from_weight_decay(const std::vector<Variable>& var_list,
                                         const std::vector<std::string>& var_names = {});

  /// Gives variables their own learning rate, weight decay or none of both by their names, as PyTorch's param_groups.
  /// Of several patterns that match a variable the first one counts; variables that none matches have the optimizer's
  /// settings. exclude_from_weight_decay() counts before a group's weight_decay. The groups are a part of config(),
  /// from which AnyOptimizer::from_config reads them. Throws a ValueError after build(), for a pattern that is no
  /// regular expression, and for a negative or infinite number.
  ///
  ///     optimizer.set_parameter_groups({{.pattern = "encoder/embeddings", .trainable = false},
  ///                                     {.pattern = "encoder/.*", .learning_rate_multiplier = 0.1},
  ///                                     {.pattern = ".*/bias", .weight_decay = 0.0}});
  virtual void set_parameter_groups(std::vector<ParameterGroup> groups);

  /// With use_ema, sets the variables to their averages; to be called at the end of training. Throws a ValueError for a
  /// variable that the optimizer has not been built for.
  virtual void finalize_variable_values(std::span<const Variable> var_list);

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }
  /// The number of updates so far: the number of steps, or with gradient_accumulation_steps a part of it.
  virtual std::int64_t iterations() const;
  /// The learning rate of the next step.
  virtual double learning_rate() const;
  /// Throws a ValueError for a number that is not finite, and a TypeError for a number if the optimizer has a schedule.
  virtual void set_learning_rate(LearningRate learning_rate);
  /// The state of the optimizer, in Keras's order: "adam/iteration" (int64), "adam/learning_rate" (float64; not with a
  /// schedule), the moving averages, the accumulated gradients, and the slots, such as "adam/dense_kernel_momentum", of
  /// each variable in the order of building. A saved optimizer is restored by assigning to these variables.
  virtual std::vector<Variable> variables() const;

  /// The class, name and options under Keras's names, from which AnyOptimizer::from_config makes the optimizer again,
  /// without its state. The learning rate is the present one: a number, the Config of a schedule, or custom for another
  /// callable. A user's class has the options that it passes to the constructor of Optimizer, unless it calls
  /// describe() or overrides this function.
  ///
  ///     optimizers::SGD({.momentum = 0.9}).config()["momentum"]    // 0.9
  virtual Config config() const;
  /// Keras's name for config().
  Config get_config() const { return config(); }

 protected:
  /// Throws a ValueError if more than one kind of clipping is set, and for an option that is out of range.
  explicit Optimizer(OptimizerOptions options);

  /// Makes the slots of a variable, with add_slot(). Called once for each variable.
  virtual std::vector<Variable> build_slots(const Variable& variable) = 0;
  /// Makes the variables that all variables of the model share, with add_variable(). Called once.
  virtual std::vector<Variable> build_shared() { return {}; }
  /// variables() lists so many slots of each variable together. The slots beyond that follow, first one of each
  /// variable, then the next of each: Keras's order where an optimizer makes its slots in several loops.
  virtual std::size_t slots_listed_together() const noexcept { return static_cast<std::size_t>(-1); }
  /// Called once in each update, before prepare_step(), to change what add_variable() has made.
  virtual void begin_step() {}
  /// Called in each update before the first update() of a variable, to compute what all variables share, and again
  /// where step_rate() changes because a variable has a rate of its own (parameter groups). iterations() does not count
  /// this update yet.
  virtual void prepare_step() {}
  /// Changes the variable and its slots. The gradient has the shape and the dtype of the variable.
  virtual void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) = 0;

  /// The weight decay of a variable that exclude_from_weight_decay() has not excluded; none for no decay. Called once
  /// for each variable, when the optimizer is built.
  virtual std::optional<double> weight_decay_of(const Variable& /*variable*/) const { return weight_decay_; }
  /// Whether exclude_from_weight_decay() has not excluded the variable.
  bool decays(const Variable& variable) const;

  /// Whether update() itself first multiplies the variable by decay_factor(). Otherwise the base class does that.
  virtual bool decays_weights() const noexcept { return false; }

  /// The slots of a variable. Throws a ValueError for one that the optimizer has not been built for.
  std::span<const Variable> slots_of(const Variable& variable) const { return tracked_[find(variable, 0)].slots; }
  /// 1 - weight_decay * learning_rate for the variable that is being updated; 1 if it does not decay.
  double decay_factor() const noexcept { return decay_factor_; }
  /// The learning rate of this update: learning_rate(), computed once for all variables, times the multiplier of the
  /// variable's parameter group.
  double step_rate() const noexcept { return step_rate_; }
  /// A new variable of the same shape and dtype, filled with `value`. Its name is "optimizer/variable_name".
  Variable add_slot(const Variable& variable, const std::string& name, double value = 0) const;
  /// The same with the elements of `initial`, which has the shape and the dtype of the variable.
  Variable add_slot(const Variable& variable, const std::string& name, const Tensor& initial) const;
  /// A new scalar variable. Its name is "optimizer/name".
  Variable add_variable(DType dtype, double value, const std::string& name) const;

 private:
  friend class LossScaleOptimizer;
  friend class MultiOptimizer;

  struct Tracked {
    Variable variable;
    std::vector<Variable> slots;
    double rate_multiplier = 1;
    bool trainable = true;
    std::optional<double> weight_decay;
    bool reported_missing = false;
  };
  using Addresses = std::vector<std::pair<const detail::VariableImpl*, std::size_t>>;

  /// One step; returns the number of steps so far. Called by whole_step(), which takes back the changes if it throws.
  virtual std::int64_t step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  /// The first part of step(), which checks everything and builds the optimizer, and the second one, which changes it.
  void check_step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::int64_t take_step();
  /// Whether take_step() may throw in the middle, as constraints and users' classes may.
  bool may_throw() const { return !writes_elements() || any_constraint(); }
  bool any_constraint() const;
  std::int64_t whole_step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  /// Undoes build().
  virtual void unbuild() noexcept;
  /// Whether update() writes elements itself, and so never throws. Otherwise a step keeps what it changes before it.
  virtual bool writes_elements() const noexcept { return false; }
  virtual double loss_scale() const { return loss_scale_factor_.value_or(1); }
  /// whole_step(); while a function is being traced, as a part of its program.
  std::int64_t launch_step(std::span<const Tensor> gradients, std::span<const Variable> variables);
  double traced_scale() const;

  void collect_updates(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::size_t find(const Variable& variable, std::size_t expected) const;
  void warn_of_missing(std::span<const Tensor> gradients, std::span<const Variable> variables);
  std::int64_t steps() const;
  std::int64_t count_step();
  void set_rate(LearningRate rate);
  static void check_finite(double learning_rate);
  double rate_of_step() const;
  void unscale(Tensors& unscaled);
  void keep_values(bool constrained) const;
  void update_variables(bool constrained);
  void decay(const Tracked& tracked);
  void use_multiplier(double multiplier);
  const ParameterGroup* group_of(const Variable& variable) const;
  void apply_constraints();

  std::string name_;
  std::optional<double> weight_decay_, loss_scale_factor_;
  // Null where the options do not ask for them.
  std::unique_ptr<detail::GradientAccumulator> accumulator_;
  std::unique_ptr<detail::GradientClipper> clipper_;
  std::unique_ptr<detail::MovingAverages> averages_;
  double rate_ = 0, rate_multiplier_ = 1;  ///< whose product is step_rate_
  double step_rate_ = 0, decay_factor_ = 1;
  std::optional<LearningRate> schedule_;  ///< none where learning_rate_ has the rate
  Variable iteration_, learning_rate_;
  bool built_ = false;
  std::vector<Tracked> tracked_;
  std::vector<Variable> shared_;
  std::vector<Variable> without_decay_;
  std::vector<std::string> names_without_decay_;
  std::vector<ParameterGroup> groups_;
  Addresses by_address_;                                ///< the indices of tracked_, sorted
  detail::PoolVector<detail::VariableUpdate> updates_;  ///< of the step; a member to reuse its memory
};

}  // namespace xtape::optimizers
