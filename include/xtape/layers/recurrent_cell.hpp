#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"

namespace xtape {
namespace layers {

/// The base of the cells that RNN runs at each step of a sequence: layers {x, states...} -> {output, new states...},
/// where x is [batch, features] and each state [batch, size]. A user's cell:
///
///     struct Minimal : xp::LayerBase<Minimal, xp::layers::RecurrentCell> {
///       xp::Variable kernel, recurrent_kernel;
///       std::vector<std::int64_t> state_size() const override { return {32}; }
///       void build(const xp::Shape& x) override {
///         kernel = add_weight("kernel", {x.back(), 32});
///         recurrent_kernel = add_weight("recurrent_kernel", {32, 32}, {.initializer = "orthogonal"});
///       }
///       xp::TensorList call_list(const xp::TensorList& in) override {
///         auto h = xp::tanh(xp::matmul(in[0], kernel) + xp::matmul(in[1], recurrent_kernel));
///         return {h, h};
///       }
///     };
class RecurrentCell : public Layer {
 public:
  /// The sizes of the states.
  virtual std::vector<std::int64_t> state_size() const = 0;
  /// The dtype of the states.
  virtual DType dtype() const { return compute_dtype(); }

 protected:
  using Layer::Layer;
  friend class RNN;
  friend class StackedRNNCells;

  /// Called before the first step of each sequence x [batch, time, features]. In StackedRNNCells, a cell that is not
  /// the first gets zeros [batch, 1, features].
  virtual void begin_sequence(const Tensor& x);
  /// Called after the last step, also if a step has thrown.
  virtual void end_sequence() noexcept {}
  /// Computes for all steps at once what does not depend on the states: [batch, time, features] -> [batch, time, any
  /// size]. By default x itself.
  virtual Tensor prepare(const Tensor& x);
  /// One step: {output, new states...}. x is its part of the result of prepare(). By default it calls the cell.
  virtual TensorList step(const Tensor& x, const TensorList& states);
  bool may_make_masks() const override { return false; }
};

}  // namespace layers

namespace detail {

/// The arguments that the cells of this library share.
struct CellConfig {
  std::int64_t units = 0;
  std::int64_t gates = 1;
  ActivationFunction activation, recurrent_activation;
  bool use_bias = true;
  Initializer kernel_initializer, recurrent_initializer, bias_initializer;
  Regularizer kernel_regularizer, recurrent_regularizer, bias_regularizer;
  Constraint kernel_constraint, recurrent_constraint, bias_constraint;
  double dropout = 0, recurrent_dropout = 0;
  std::optional<std::uint64_t> seed;
  DTypePolicy dtype;
  std::string name;

  template <class Options>
  CellConfig(std::int64_t number_of_units, std::int64_t number_of_gates, const Options& options, std::string cell_name)
      : units(number_of_units),
        gates(number_of_gates),
        activation(options.activation),
        use_bias(options.use_bias),
        kernel_initializer(options.kernel_initializer),
        recurrent_initializer(options.recurrent_initializer),
        bias_initializer(options.bias_initializer),
        kernel_regularizer(options.kernel_regularizer),
        recurrent_regularizer(options.recurrent_regularizer),
        bias_regularizer(options.bias_regularizer),
        kernel_constraint(options.kernel_constraint),
        recurrent_constraint(options.recurrent_constraint),
        bias_constraint(options.bias_constraint),
        dropout(options.dropout),
        recurrent_dropout(options.recurrent_dropout),
        seed(options.seed),
        dtype(options.dtype),
        name(std::move(cell_name)) {
    if constexpr (requires { options.recurrent_activation; }) recurrent_activation = options.recurrent_activation;
  }
};

/// Kernels, biases and dropout of SimpleRNNCell, LSTMCell and GRUCell.
class UnitsCell : public layers::RecurrentCell {
 public:
  std::int64_t units() const noexcept { return config_.units; }
  std::vector<std::int64_t> state_size() const override { return {config_.units}; }
  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& recurrent_kernel() const& noexcept { return recurrent_kernel_; }
  Variable recurrent_kernel() const&& { return recurrent_kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

 protected:
  UnitsCell(const char* class_name, CellConfig config);

  virtual Shape bias_shape() const { return {config_.gates * config_.units}; }
  /// The bias that is added to the inputs' part.
  virtual Tensor input_bias() const { return bias_or_none(); }

  void build_list(const std::vector<Shape>& input_shapes) override;
  TensorList call_list(const TensorList& inputs) override;
  void begin_sequence(const Tensor& x) override;
  void end_sequence() noexcept override;
  Tensor prepare(const Tensor& x) override;

  Tensor bias_or_none() const { return config_.use_bias ? bias_.value() : Tensor(); }
  /// The inputs and the state of a step after dropout.
  Tensor dropped_inputs(const Tensor& x) const;
  Tensor dropped_state(const Tensor& h) const { return state_mask_.defined() ? multiply_mask(h) : h; }
  bool drops_state() const { return state_mask_.defined(); }

  CellConfig config_;
  Variable kernel_, recurrent_kernel_, bias_;

 private:
  void check_inputs(const std::vector<Shape>& shapes) const;
  Tensor multiply_mask(const Tensor& h) const;

  std::shared_ptr<random::Generator> generator_;
  Tensor input_mask_, state_mask_;  ///< drawn for each sequence: the same at all steps
};

}  // namespace detail

}  // namespace xtape
