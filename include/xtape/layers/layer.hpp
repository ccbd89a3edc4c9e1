#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/initializers/initializer.hpp"

namespace xtape {

namespace detail {

/// What a layer shares with the model that tracks it: everything but its own class's members.
struct LayerState;

/// One call of a layer on the calling thread; calls nest as models call layers.
class CallScope {
 public:
  explicit CallScope(std::optional<bool> training) noexcept;
  CallScope(const CallScope&) = delete;
  ~CallScope();
  static const CallScope* current() noexcept;
  bool training() const noexcept { return training_; }

 private:
  bool training_;
  const CallScope* outer_;
};

}  // namespace detail

/// Keyword arguments of calling a layer or model.
struct CallOptions {
  /// Whether to behave as in training (Dropout drops, ...). Unset: as the layer or model that makes this call, false
  /// outside of one, as in Keras.
  std::optional<bool> training = {};
};

/// Keyword arguments of Layer::add_weight.
struct WeightOptions {
  Initializer initializer = "glorot_uniform";
  bool trainable = true;
  DType dtype = float32;
};

/// The base of layers and models (keras.Layer). A layer of one's own:
///
///     struct Scale : xp::Layer {
///       xp::Variable factor;
///       void build(const xp::Shape& input) override { factor = add_weight("factor", {input.back()}, {.initializer =
///       "ones"}); } xp::Tensor call(const xp::Tensor& x) override { return x * factor; }
///     };
///
/// Layers can be moved but not copied: two copies would share weights only by accident of when they were made.
class Layer {
 public:
  Layer(Layer&&) noexcept = default;
  Layer& operator=(Layer&&) noexcept = default;
  virtual ~Layer();

  /// Builds the layer on the first call and computes its output. An error inside says in which layer of which model.
  Tensor operator()(const Tensor& inputs, CallOptions options = {});

  /// The layer's name: its class in snake_case, made unique by the model that tracks it, unless given.
  const std::string& name() const;
  void set_name(std::string name);
  bool built() const noexcept;

  /// All weights, in order: one's own as they were added, then those of the tracked layers in the order of tracking.
  /// Empty before the first call builds them. The reference holds until weights are added or frozen.
  const std::vector<Variable>& variables() const;
  const std::vector<Variable>& trainable_variables() const;
  const std::vector<Variable>& non_trainable_variables() const;
  /// The number of numbers in all weights.
  std::int64_t count_params() const;

  bool trainable() const noexcept;
  /// Freezes (false) or unfreezes all weights that were added as trainable, those of tracked layers included.
  void set_trainable(bool trainable);

 protected:
  /// `name` empty: the class's name.
  explicit Layer(std::string name = "");

  /// Makes the weights, given the shape of the first input. Called once.
  virtual void build(const Shape& input_shape);
  /// Computes the output. `training()` tells whether the call is part of training.
  virtual Tensor call(const Tensor& inputs) = 0;

  bool training() const noexcept;

  /// A new weight of this layer. Throws a ValueError when the name is taken.
  Variable add_weight(const std::string& name, const Shape& shape, const WeightOptions& options = {});

  /// Makes a layer or a variable part of this one and returns it: `Dense dense1 = track(Dense(100));`
  template <std::derived_from<Layer> L>
  L track(L layer) {
    adopt(layer);
    return layer;
  }
  Variable track(Variable variable);
  /// Makes a layer that is kept elsewhere, in a vector or behind a pointer, part of this one.
  void adopt(const Layer& layer);

 private:
  friend class Sequential;
  detail::LayerState& state() const;
  std::shared_ptr<detail::LayerState> state_;
};

}  // namespace xtape
