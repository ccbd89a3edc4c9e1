#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/constraints/constraint.hpp"
#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/initializers/initializer.hpp"
#include "xtape/layers/dtype_policy.hpp"
#include "xtape/regularizers/regularizer.hpp"

namespace xtape {

class SymbolicTensor;
class SymbolicList;

namespace detail {

/// What all handles of a layer, and the model that tracks it, share: everything but its own class's members.
struct LayerState;
/// The symbolic tensors where the graph of a model begins and ends.
struct GraphEnds;

/// What a layer was made with, as config() reads it when it is asked.
struct LayerDescription {
  explicit LayerDescription(std::vector<Config::Entry> args) : arguments(std::move(args)) {}
  virtual ~LayerDescription() = default;
  virtual std::vector<Config::Entry> options() const { return {}; }
  std::vector<Config::Entry> arguments;
};
template <HasFields Options>
struct DescriptionWithOptions : LayerDescription {
  DescriptionWithOptions(std::vector<Config::Entry> args, const Options& given)
      : LayerDescription(std::move(args)), own(given) {}
  std::vector<Config::Entry> options() const override { return field_entries(own); }
  Options own;
};

/// While it lives, copies of layers on the calling thread are new layers with weights of their own, still to be built,
/// instead of the same layer. What was shared among the layers copied is shared among the copies.
class CloneScope {
 public:
  CloneScope();
  CloneScope(const CloneScope&) = delete;
  ~CloneScope();
  static CloneScope* current() noexcept;

  /// The state of the copy of a layer; always the same one for the same layer.
  const std::shared_ptr<LayerState>& copy_of(const std::shared_ptr<LayerState>& original);
  /// Gives the copies their tracked layers. Throws a ValueError for what could not be copied.
  void finish();

 private:
  struct Copies;
  std::unique_ptr<Copies> copies_;
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
  Regularizer regularizer = {};  ///< its penalty is among the layer's losses()
  Constraint constraint = {};    ///< applied by optimizers after each update
  bool trainable = true;
  bool autocast = true;             ///< see VariableOptions
  std::optional<DType> dtype = {};  ///< unset: the variable dtype of the layer's policy
};

/// The base of layers and models (keras.Layer). A layer of one's own:
///
///     struct Scale : xp::LayerBase<Scale> {
///       xp::Variable factor;
///       void build(const xp::Shape& input) override {
///         factor = add_weight("factor", {input.back()}, {.initializer = "ones"});
///       }
///       xp::Tensor call(const xp::Tensor& x) override { return x * factor; }
///     };
///
/// A layer is a handle, as in Python: copies of it are the same layer and share its weights. For a new layer of the
/// same kind see clone(). State of one's own besides weights is best held by a shared_ptr, so that copies share it too.
///
/// Inputs: floating ones are cast to the compute dtype of the layer's policy before call() (keras.Layer's autocast),
/// and their gradients come back in the dtype that was given; integers and booleans stay. float64 is cast to float32 by
/// layers that have weights or layers inside, none of them float64, or inputs of both; others compute in float64 then.
/// Embedding, CategoryEncoding, Discretization, Sequential, Model(inputs, outputs) cast nothing: see set_casts_inputs.
///
/// Layers within layers: a layer that is called inside another's call but does not belong to it (see track) takes part
/// in no training, and in no file of weights. A warning says so, once for each such layer.
///
/// Errors: a call that throws leaves the layer as it was. What it has built for the first time is unbuilt again, so
/// that the next call may have an input of another shape. Layers inside a model that have done their part before
/// another one throws keep what they have learned from it: BatchNormalization's averages, a stateful RNN's states.
///
/// Threads: any number of them may call a layer or model at once, evaluate it and predict with it, also where the first
/// of these calls builds it, as long as none of them trains it (assigns its weights, freezes them, adds layers): with a
/// handle that they share, or each with a copy. What a call keeps beside its result, losses(), belongs to the calling
/// thread. A stateful RNN has one state for all, and is for one thread at a time. Handles can be copied and destroyed
/// beside all this, except for copying the very handle of a first call that is still under way.
class Layer {
 public:
  Layer(const Layer& other);
  Layer(Layer&& other) noexcept;
  Layer& operator=(const Layer& other);
  Layer& operator=(Layer&& other) noexcept;
  virtual ~Layer();

  /// Builds the layer on the first call and computes its output. An error inside says in which layer of which model.
  Tensor operator()(const Tensor& input, CallOptions options = {});
  /// The same with several inputs or outputs.
  TensorList operator()(const TensorList& inputs, CallOptions options = {});
  /// All outputs, where there are several, as of an LSTM that returns its state.
  TensorList outputs(const TensorList& inputs, CallOptions options = {}) { return (*this)(inputs, options); }

  /// Calls of the functional style: the layer is built for the inputs' shapes and becomes a node of the graph that
  /// Model(inputs, outputs) is made of. See Input.
  SymbolicTensor operator()(const SymbolicTensor& input);
  SymbolicList operator()(const SymbolicList& inputs);
  SymbolicList outputs(const SymbolicList& inputs);

  /// What goes into and comes out of the layer's only call with symbolic tensors, of a functional model or a Sequential
  /// with an Input its own ends, so that a part of a model is a model that shares its layers:
  ///
  ///     xp::Model features(model.input(), model.get_layer("conv").output());
  ///
  /// Throws a RuntimeError where there was no such call that is still in use, or several; input() and output() a
  /// ValueError where there are several tensors.
  SymbolicTensor input() const;
  SymbolicTensor output() const;
  SymbolicList inputs() const;
  SymbolicList outputs() const;

  /// The layer's name: its class in snake_case, made unique by the model that tracks it, unless given.
  const std::string& name() const&;
  std::string name() const&& { return name(); }
  void set_name(std::string name);
  /// The name of its class, "Dense".
  std::string class_name() const;
  bool built() const noexcept;

  /// In which dtypes it computes and keeps its weights: as its options say, or the global policy when it was made.
  DTypePolicy dtype_policy() const;
  /// Another one. Weights that are there keep their dtype.
  void set_dtype_policy(DTypePolicy policy);

  /// What the layer was made with: its class, `name`, `trainable` and `dtype` as they are now, its arguments and the
  /// fields of its options, under Keras's names; layers inside, initializers, regularizers and constraints have configs
  /// of their own. Of a user's class: the first three, unless the class says more (see describe) or overrides it.
  ///
  ///     Dense(10, {.activation = "relu"}).config().str()
  ///     // Dense{name = "dense", trainable = true, dtype = "float32", units = 10, activation = "relu", use_bias =
  ///     true, ...
  virtual Config config() const;

  /// All weights, in order: one's own as they were added, then those of the tracked layers in the order of tracking.
  /// Empty before the first call builds them. The elements stay where they are until weights are added or frozen. Of a
  /// temporary layer the lists are copies, so that `for (auto v : make_model().variables())` is safe.
  const std::vector<Variable>& variables() const&;
  const std::vector<Variable>& trainable_variables() const&;
  const std::vector<Variable>& non_trainable_variables() const&;
  std::vector<Variable> variables() const&& { return variables(); }
  std::vector<Variable> trainable_variables() const&& { return trainable_variables(); }
  std::vector<Variable> non_trainable_variables() const&& { return non_trainable_variables(); }
  /// Keras's other names of the same.
  const std::vector<Variable>& weights() const& { return variables(); }
  const std::vector<Variable>& trainable_weights() const& { return trainable_variables(); }
  const std::vector<Variable>& non_trainable_weights() const& { return non_trainable_variables(); }
  std::vector<Variable> weights() const&& { return variables(); }
  std::vector<Variable> trainable_weights() const&& { return trainable_variables(); }
  std::vector<Variable> non_trainable_weights() const&& { return non_trainable_variables(); }
  /// The number of numbers in all weights.
  std::int64_t count_params() const;

  /// The values of variables(), in their order.
  std::vector<Tensor> get_weights() const;
  /// Assigns values to variables(), in their order. Throws a ValueError, before anything has changed, for another
  /// number of values or another shape; values take the dtype of their weight.
  void set_weights(const std::vector<Tensor>& weights);

  bool trainable() const noexcept;
  /// Freezes (false) or unfreezes all weights that were added as trainable, those of tracked layers included.
  void set_trainable(bool trainable);

  /// The penalties to add to the loss: of the regularizers of all trainable weights, and what this layer and those that
  /// it tracks have given to add_loss in the calling thread's last call of it.
  std::vector<Tensor> losses() const;

  /// Adds the penalty of each call's output to losses().
  void set_activity_regularizer(Regularizer regularizer);

  /// Whether the mask of an input (see get_mask) passes to the output: as set_supports_masking() says.
  bool supports_masking() const noexcept;
  /// The mask of the output of a call, given the input and its mask, which is empty where it has none; empty: none.
  /// Where call() itself returns a tensor with a mask, that one counts. By default the input's, if the layer
  /// supports masking; otherwise none, and a warning, once, says that the layer drops the mask. A layer that makes
  /// masks, uses them up or changes the steps overrides it (keras.Layer.compute_mask):
  ///
  ///     struct LastSteps : xp::LayerBase<LastSteps> {                    // [batch, time, k] -> [batch, 2, k]
  ///       xp::Tensor call(const xp::Tensor& x) override { return xp::slice_axis(x, 1, x.shape(1) - 2, 2); }
  ///       xp::Tensor compute_mask(const xp::Tensor&, const xp::Tensor& mask) override {
  ///         return mask.defined() ? xp::slice_axis(mask, 1, mask.shape(1) - 2, 2) : mask;
  ///       }
  ///     };
  ///
  /// call() finds the mask of its input by get_mask(x). A mask that does not suit the output is a ValueError.
  virtual Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask);
  /// The same for a layer of several inputs or outputs: a mask, or none, for each output; for those that follow the
  /// last one returned, none. By default compute_mask() of the first input, for the first output.
  virtual TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks);

  /// The shape of the output for an input of this shape; -1 stands for a size that is not known. Builds the layer.
  Shape compute_output_shape(const Shape& input_shape);

 protected:
  /// `name` empty: the class's name.
  explicit Layer(std::string name = "", DTypePolicy dtype = {});
  /// For a layer with options, a struct of arguments with a `name`, a `dtype` and XTAPE_FIELDS; config() has them.
  ///
  ///     struct ScaleOptions {
  ///       double start = 1;
  ///       xp::DTypePolicy dtype = {};
  ///       std::string name = {};
  ///       XTAPE_FIELDS(start, dtype, name)
  ///     };
  ///     struct Scale : xp::LayerBase<Scale> {
  ///       explicit Scale(int axis, ScaleOptions options = {}) : LayerBase(options, {{"axis", axis}}) {}
  template <detail::HasFields Options>
  explicit Layer(const Options& options, std::vector<Config::Entry> arguments = {})
      : Layer(options.name, options.dtype) {
    describe(options, std::move(arguments));
  }
  /// The same for a layer whose base has another constructor; the last description counts.
  template <detail::HasFields Options>
  void describe(const Options& options, std::vector<Config::Entry> arguments = {}) {
    describe_by(std::make_shared<detail::DescriptionWithOptions<Options>>(std::move(arguments), options));
  }
  /// For a layer without options.
  void describe(std::vector<Config::Entry> arguments) {
    describe_by(std::make_shared<detail::LayerDescription>(std::move(arguments)));
  }

  /// Makes the weights, given the shape of the first input. Called once for the layer: copies, made before or after,
  /// are given all members of the one that was called first. (Only of a class that is derived from Layer or Model
  /// directly, or that cannot be assigned, it is called again for each copy that was made before; add_weight and track
  /// return what is there then.)
  virtual void build(const Shape& input_shape);
  /// The same, given the shapes of all inputs; by default build() of the first one.
  virtual void build_list(const std::vector<Shape>& input_shapes);
  /// Computes the output. `training()` tells whether the call is part of training.
  virtual Tensor call(const Tensor& input);
  /// Computes the outputs of a layer with several inputs or outputs.
  virtual TensorList call_list(const TensorList& inputs);

  bool training() const noexcept;
  /// The dtype of the policy in which call() computes.
  DType compute_dtype() const;
  /// Whether floating inputs are cast to it before call(), as they are unless told otherwise (keras.Layer's autocast):
  /// not for a layer whose inputs are numbers of rows, say, which bfloat16 would round, or which leaves it to the
  /// layers inside. For the constructor.
  void set_casts_inputs(bool casts);
  /// Whether the call at hand only finds out shapes, for a layer called with symbolic tensors: on numbers that mean
  /// nothing. What it changes in variables, generators and metrics is taken back; a layer that keeps anything else from
  /// call to call should not do so then.
  bool symbolic_call() const noexcept;

  /// Whether the masks of inputs pass through the layer, as they are, to its outputs: for layers that treat steps one
  /// by one, and those that take care of masks in another way. In the constructor; false unless told otherwise.
  void set_supports_masking(bool supports);

  /// A new weight of this layer; of one that has been built, the weight of this name. Throws a ValueError when the name
  /// is taken, or the weight has another shape.
  Variable add_weight(const std::string& name, const Shape& shape, const WeightOptions& options = {});

  /// Adds a scalar to losses() until the calling thread's next call.
  void add_loss(const Tensor& loss);

  /// Makes a layer or a variable part of this one and returns it: `Dense dense1 = track(Dense(100));` A layer may be
  /// part of several. `name`: what it is called here, as `head = track(Dense(10), "head")`; of a variable in files
  /// only. Throws a ValueError for a layer that this one is part of, or is itself.
  template <std::derived_from<Layer> L>
  L track(L layer, const std::string& name = "") {
    if (!name.empty()) layer.set_name(name);
    adopt(layer);
    return layer;
  }
  Variable track(Variable variable, const std::string& name = "");
  /// Makes a source of random numbers part of this layer, so that checkpoints hold its state; null is passed through.
  std::shared_ptr<random::Generator> track(std::shared_ptr<random::Generator> generator);
  /// Makes a layer that is kept elsewhere, in a vector, behind a pointer or by somebody else, part of this one. Errors
  /// as of track.
  void adopt(Layer& layer);

  /// A copy behind a pointer, for callers that only have a Layer&; null where the class does not say how. See
  /// LayerBase.
  virtual std::unique_ptr<Layer> copy() const { return nullptr; }
  /// Takes over the members of another object of the layer; false where the class does not say how. See LayerBase.
  virtual bool take_members(const Layer&) { return false; }
  /// Whether a call may have an output with a mask though no input has one, so that compute_mask is to be asked. Where
  /// the class does not say, it may.
  virtual bool may_make_masks() const { return true; }

 private:
  /// Whether outputs keep the masks that the layers inside gave them, inputs that are returned among them.
  virtual bool keeps_masks_of_outputs() const { return false; }
  friend struct detail::LayerState;
  friend class AnyLayer;
  friend class Model;

  /// Where a model's own graph begins and ends; null for other layers.
  virtual const detail::GraphEnds* graph_ends() const { return nullptr; }
  /// The object whose functions compute: another one of a Model that stands for a model of another class.
  virtual Layer& object() { return *this; }

  detail::LayerState& state() const;
  void describe_by(std::shared_ptr<const detail::LayerDescription> description);
  void prepare(const std::vector<Shape>& input_shapes);
  void bind(const Layer* source, const std::vector<Shape>& input_shapes);
  template <class Inputs, class F>
  auto run(const Inputs& inputs, CallOptions options, F&& compute);
  void give_masks(std::span<const Tensor> inputs, std::span<Tensor> outputs);

  std::shared_ptr<detail::LayerState> state_;
  const void* thread_;  ///< the one that made the handle: no other one sets its members, other than by calling it
  std::atomic<std::uint64_t> bound_;  ///< the number of the build that the members come from
};

/// A tensor among the arguments: its dtype, shape and elements; none where it is empty.
ConfigValue config_value(const Tensor& tensor);

namespace detail {

/// Whether a class says more about masks than its base does.
template <class Derived, class Base>
constexpr bool overrides_masks() {
  if constexpr (requires {
                  &Derived::compute_mask;
                  &Derived::compute_mask_list;
                }) {
    return !std::is_same_v<decltype(&Derived::compute_mask), decltype(&Base::compute_mask)> ||
           !std::is_same_v<decltype(&Derived::compute_mask_list), decltype(&Base::compute_mask_list)>;
  } else {
    return true;  // overloaded, or not public
  }
}

}  // namespace detail

/// The base of layer classes that can be used wherever layers can: `struct Scale : xp::LayerBase<Scale>`. It only adds
/// how an object of the class is copied, and what only the class knows. A class derived from Layer itself works too,
/// but calls of the functional style do not keep its objects alive, and build() is run for each copy made before.
template <class Derived, class Base = Layer>
class LayerBase : public Base {
 protected:
  using Base::Base;
  std::unique_ptr<Layer> copy() const override {
    if (typeid(*this) != typeid(Derived)) return Base::copy();  // of a class derived further
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
  bool take_members(const Layer& from) override {
    if constexpr (std::is_copy_assignable_v<Derived>) {
      if (typeid(*this) == typeid(Derived) && typeid(from) == typeid(Derived)) {
        static_cast<Derived&>(*this) = static_cast<const Derived&>(from);
        return true;
      }
    }
    return Base::take_members(from);
  }
  bool may_make_masks() const override {
    if (typeid(*this) != typeid(Derived) || detail::overrides_masks<Derived, Base>()) return true;
    return !std::is_same_v<Base, Layer> && Base::may_make_masks();
  }
};

/// A layer of any class, as wrappers and lists of layers hold it: a handle, made of a layer implicitly.
///
///     layers::Bidirectional(layers::LSTM(64))
class AnyLayer {
 public:
  template <std::derived_from<Layer> L>
  AnyLayer(L layer) : layer_(std::make_shared<L>(std::move(layer))), copy_(copy_as<L>) {}
  AnyLayer(const AnyLayer& other);
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(AnyLayer other) noexcept;

  Layer& operator*() const noexcept { return *layer_; }
  Layer* operator->() const noexcept { return layer_.get(); }
  /// A new layer of the same kind, unbuilt.
  AnyLayer clone() const;

 private:
  friend class Layer;
  using Copy = std::shared_ptr<Layer> (*)(const Layer&);
  template <class L>
  static std::shared_ptr<Layer> copy_as(const Layer& layer) {
    if constexpr (std::copy_constructible<L>) {
      return std::make_shared<L>(static_cast<const L&>(layer));
    } else {
      return nullptr;
    }
  }
  AnyLayer(std::shared_ptr<Layer> layer, Copy copy) : layer_(std::move(layer)), copy_(copy) {}

  std::shared_ptr<Layer> layer_;
  Copy copy_;  ///< null: by the layer itself
};

/// A new layer or model of the same kind and options, still to be built, with weights of its own (keras.models.
/// clone_model). Throws a ValueError for a layer that holds variables which it made outside of build().
template <std::derived_from<Layer> L>
L clone(const L& layer) {
  detail::CloneScope scope;
  L copy(layer);
  scope.finish();
  return copy;
}

}  // namespace xtape
