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

/// What all handles of a layer, and the model that tracks it, share: everything except the members of the layer's
/// class.
struct LayerState;
/// The symbolic tensors where the graph of a model begins and ends.
struct GraphEnds;

/// While it lives, a copy of a layer on the calling thread is a new, unbuilt layer with its own weights, not the same
/// layer. Layers that were shared among the originals are shared among the copies.
class CloneScope {
 public:
  CloneScope();
  CloneScope(const CloneScope&) = delete;
  ~CloneScope();
  static CloneScope* current() noexcept;

  /// The state of the copy of a layer: one for each layer.
  const std::shared_ptr<LayerState>& copy_of(const std::shared_ptr<LayerState>& original);
  /// Gives the copies their tracked layers. Throws a ValueError for a layer that could not be copied.
  void finish();

 private:
  struct Copies;
  std::unique_ptr<Copies> copies_;
};

}  // namespace detail

/// Keyword arguments of calling a layer or model.
struct CallOptions {
  /// Whether to behave as in training (Dropout drops, ...). Unset: as the layer or model that makes this call; false if
  /// there is none, as in Keras.
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

/// The base of layers and models (keras.Layer). A user's layer:
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
/// same kind see clone(). Other state of a user's layer is best held by a shared_ptr, so that copies share it too.
///
/// Inputs: floating inputs are cast to the compute dtype of the layer's policy before call() (keras.Layer's autocast);
/// their gradients have the original dtype. Integers and bools are not cast. A float32 layer casts float64 inputs only
/// if it has weights or inner layers, none of them float64, or if it has inputs of both dtypes; otherwise it computes
/// in float64. Embedding, CategoryEncoding, Discretization, Sequential and Model(inputs, outputs) cast nothing: see
/// set_casts_inputs.
///
/// Layers within layers: a layer that another layer calls without tracking it (see track) is not trained, and its
/// weights are not saved. A warning says so, once for each such layer.
///
/// Errors: a call that throws leaves the layer as it was. What that call has built is unbuilt again, so the next call
/// may have an input of another shape. Inner layers that finished before another one threw keep what the call has
/// updated: BatchNormalization's moving statistics, the states of a stateful RNN.
///
/// Threads: any number of threads may call a layer or model at once, evaluate it and predict with it, with a shared
/// handle or with copies; this includes the first call, which builds it. Meanwhile no thread may train it (assign its
/// weights, freeze them, add layers). losses() belong to the calling thread. A stateful RNN has one state for all
/// threads, so only one thread may use it at a time. Handles can be copied and destroyed meanwhile, except that a
/// handle must not be copied during its own first call.
class Layer {
 public:
  Layer(const Layer& other);
  Layer(Layer&& other) noexcept;
  Layer& operator=(const Layer& other);
  Layer& operator=(Layer&& other) noexcept;
  virtual ~Layer();

  /// Builds the layer on the first call and computes its output. An error inside names the layer and the model. A
  /// const handle can be called as well, such as one that a lambda has captured: the layer is the same one.
  Tensor operator()(const Tensor& input, CallOptions options = {}) const;
  /// The same with several inputs or outputs.
  TensorList operator()(const TensorList& inputs, CallOptions options = {}) const;
  /// All outputs of a layer that has several, such as an LSTM that returns its state.
  TensorList outputs(const TensorList& inputs, CallOptions options = {}) const { return (*this)(inputs, options); }

  /// Calls in the functional style: the layer is built for the shapes of the inputs and becomes a node of the graph
  /// from which Model(inputs, outputs) is made. See Input.
  SymbolicTensor operator()(const SymbolicTensor& input) const;
  SymbolicList operator()(const SymbolicList& inputs) const;
  SymbolicList outputs(const SymbolicList& inputs) const;

  /// The inputs and outputs of the layer's only call with symbolic tensors; of a functional model, or a Sequential with
  /// an Input, those of its own graph. With them, a part of a model becomes a model that shares its layers:
  ///
  ///     xp::Model features(model.input(), model.get_layer("conv").output());
  ///
  /// Throw a RuntimeError unless there is exactly one such call that a graph or symbolic tensor still holds. input()
  /// and output() throw a ValueError if there are several tensors.
  SymbolicTensor input() const;
  SymbolicTensor output() const;
  SymbolicList inputs() const;
  SymbolicList outputs() const;

  /// The layer's name: its class in snake_case, made unique by the model that tracks it, unless given.
  const std::string& name() const&;
  std::string name() const&& { return name(); }
  void set_name(std::string name);
  /// The name of the layer's class, such as "Dense".
  std::string class_name() const;
  bool built() const noexcept;

  /// The dtypes of its computations and weights: the `dtype` of its options, or the global policy when it was made.
  DTypePolicy dtype_policy() const;
  /// Sets the policy. Existing weights keep their dtype.
  void set_dtype_policy(DTypePolicy policy);

  /// What the layer was made with: its class, its current `name`, `trainable` and `dtype`, its arguments and the fields
  /// of its options, under Keras's names. The values of inner layers, initializers, regularizers and constraints are
  /// Configs too. A user's class has only name, trainable and dtype, unless it calls describe() or overrides this
  /// function.
  ///
  ///     Dense(10, {.activation = "relu"}).config().str()
  ///     // Dense{name = "dense", trainable = true, dtype = "float32", units = 10, activation = "relu", ...}
  virtual Config config() const;
  /// Keras's name for config().
  Config get_config() const { return config(); }

  /// All weights: those of the layer itself in the order of adding, then those of the tracked layers in the order of
  /// tracking. Empty before the first call builds them. References to the elements are valid until weights are added or
  /// frozen. On a temporary layer the functions return copies, so that `for (auto v : make_model().variables())` is
  /// safe.
  const std::vector<Variable>& variables() const&;
  const std::vector<Variable>& trainable_variables() const&;
  const std::vector<Variable>& non_trainable_variables() const&;
  std::vector<Variable> variables() const&& { return variables(); }
  std::vector<Variable> trainable_variables() const&& { return trainable_variables(); }
  std::vector<Variable> non_trainable_variables() const&& { return non_trainable_variables(); }
  /// Keras's other names.
  const std::vector<Variable>& weights() const& { return variables(); }
  const std::vector<Variable>& trainable_weights() const& { return trainable_variables(); }
  const std::vector<Variable>& non_trainable_weights() const& { return non_trainable_variables(); }
  std::vector<Variable> weights() const&& { return variables(); }
  std::vector<Variable> trainable_weights() const&& { return trainable_variables(); }
  std::vector<Variable> non_trainable_weights() const&& { return non_trainable_variables(); }
  /// The total number of elements of all weights.
  std::int64_t count_params() const;

  /// The values of variables(), in their order.
  std::vector<Tensor> get_weights() const;
  /// Assigns values to variables(), in their order, cast to the dtypes of the weights. Throws a ValueError, before
  /// anything has changed, for another number of values or another shape.
  void set_weights(const std::vector<Tensor>& weights);

  bool trainable() const noexcept;
  /// Freezes (false) or unfreezes all weights that were added as trainable, those of tracked layers included.
  void set_trainable(bool trainable);

  /// The penalties to add to the loss: those of the regularizers of all trainable weights, and those that this layer
  /// and its tracked layers have passed to add_loss in the last call on the calling thread.
  std::vector<Tensor> losses() const;

  /// Adds a penalty on the output of each call to losses().
  void set_activity_regularizer(Regularizer regularizer);

  /// Whether the mask of an input (see get_mask) passes to the output: see set_supports_masking().
  bool supports_masking() const noexcept;
  /// The mask of the output for an input and its mask; empty means no mask. If call() returns a tensor with a mask,
  /// that mask counts instead. By default the mask of the input if the layer supports masking, otherwise none; then one
  /// warning says that the layer drops the mask. A layer that makes masks, consumes them or changes the steps overrides
  /// it (keras.Layer.compute_mask):
  ///
  ///     struct LastSteps : xp::LayerBase<LastSteps> {                    // [batch, time, k] -> [batch, 2, k]
  ///       xp::Tensor call(const xp::Tensor& x) override { return xp::slice_axis(x, 1, x.shape(1) - 2, 2); }
  ///       xp::Tensor compute_mask(const xp::Tensor&, const xp::Tensor& mask) override {
  ///         return mask.defined() ? xp::slice_axis(mask, 1, mask.shape(1) - 2, 2) : mask;
  ///       }
  ///     };
  ///
  /// call() gets the mask of its input by get_mask(x). A mask that does not fit the output is a ValueError.
  virtual Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask);
  /// The same for a layer with several inputs or outputs: a mask, or an empty tensor, for each output; missing ones at
  /// the end are empty. By default only compute_mask() of the first input, for the first output.
  virtual TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks);

  /// The shape of the output for an input of this shape; -1 stands for an unknown size. Builds the layer.
  Shape compute_output_shape(const Shape& input_shape);

 protected:
  /// `name` empty: the class's name.
  explicit Layer(std::string name = "", DTypePolicy dtype = {});
  /// For a layer with options: a struct with a `name`, a `dtype` and XTAPE_FIELDS. config() includes its fields and
  /// `arguments`.
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
  /// Sets the same data for config(), for a layer whose base class has another constructor. The last call counts.
  template <detail::HasFields Options>
  void describe(const Options& options, std::vector<Config::Entry> arguments = {}) {
    describe_by(std::make_shared<detail::DescriptionWithOptions<Options>>(std::move(arguments), options));
  }
  /// For a layer without options.
  void describe(std::vector<Config::Entry> arguments) {
    describe_by(std::make_shared<detail::Description>(std::move(arguments)));
  }

  /// Makes the weights, given the shape of the first input. Called once for a layer: all copies, earlier and later
  /// ones, get the members of the handle that was called first. (If the class is derived from Layer or Model directly,
  /// or cannot be assigned, it is called again for each earlier copy; add_weight and track then return what exists.)
  virtual void build(const Shape& input_shape);
  /// The same, given the shapes of all inputs; by default calls build() with the first one.
  virtual void build_list(const std::vector<Shape>& input_shapes);
  /// Computes the output. training() says whether the call is part of training.
  virtual Tensor call(const Tensor& input);
  /// Computes the outputs of a layer with several inputs or outputs.
  virtual TensorList call_list(const TensorList& inputs);

  bool training() const noexcept;
  /// The dtype in which call() computes, from the policy.
  DType compute_dtype() const;
  /// Whether floating inputs are cast to compute_dtype() before call() (keras.Layer's autocast); true by default. Not
  /// for layers whose inputs are indices, say, which bfloat16 would round, nor for layers whose inner layers cast. For
  /// use in the constructor.
  void set_casts_inputs(bool casts);
  /// Whether this call only determines shapes, for a layer called with symbolic tensors; the elements then have no
  /// meaning. Changes of variables, generators and metrics are undone afterwards. A layer that keeps other state
  /// between calls must not change it in such a call.
  bool symbolic_call() const noexcept;

  /// Whether the masks of inputs pass unchanged to the outputs; false by default. For layers that treat each step by
  /// itself, and for layers that handle masks in another way. For use in the constructor.
  void set_supports_masking(bool supports);

  /// Adds a weight to this layer; if the layer is built already, returns the existing weight of this name. Throws a
  /// ValueError when the name is taken, or the existing weight has another shape.
  Variable add_weight(const std::string& name, const Shape& shape, const WeightOptions& options = {});

  /// Adds a scalar to losses() until the calling thread's next call.
  void add_loss(const Tensor& loss);

  /// Makes a layer or a variable part of this layer and returns it: `Dense dense1 = track(Dense(100));` A layer may be
  /// part of several layers. `name`, as in `head = track(Dense(10), "head")`, is the name of the layer, or of the
  /// variable in files. Throws a ValueError for this layer itself and for a layer that contains it.
  template <std::derived_from<Layer> L>
  L track(L layer, const std::string& name = "") {
    if (!name.empty()) layer.set_name(name);
    adopt(layer);
    return layer;
  }
  Variable track(Variable variable, const std::string& name = "");
  /// Makes a random generator part of this layer, so that checkpoints contain its state. Returns it; it may be null.
  std::shared_ptr<random::Generator> track(std::shared_ptr<random::Generator> generator);
  /// Makes a layer that is stored elsewhere, such as in a vector or behind a pointer, part of this layer. Throws what
  /// track throws.
  void adopt(Layer& layer);

  /// A copy on the heap, for callers that only have a Layer&; null if the class does not define it. LayerBase does.
  virtual std::unique_ptr<Layer> copy() const { return nullptr; }
  /// Assigns the members of another handle of the layer; false if the class does not define it. LayerBase does.
  virtual bool take_members(const Layer&) { return false; }
  /// Whether an output may have a mask although no input has one, so that compute_mask has to be called. True if the
  /// class does not define it.
  virtual bool may_make_masks() const { return true; }

 private:
  /// Whether outputs keep the masks that inner layers have given them; this includes inputs that are returned.
  virtual bool keeps_masks_of_outputs() const { return false; }
  friend struct detail::LayerState;
  friend class AnyLayer;
  friend class Model;

  /// The inputs and outputs of a model's own graph; null for other layers.
  virtual const detail::GraphEnds* graph_ends() const { return nullptr; }
  /// The object whose virtual functions compute: this one, except for a Model that stands for a model of a derived
  /// class.
  virtual Layer& object() { return *this; }

  detail::LayerState& state() const;
  void describe_by(std::shared_ptr<const detail::Description> description);
  void prepare(const std::vector<Shape>& input_shapes);
  void bind(const Layer* source, const std::vector<Shape>& input_shapes);
  template <class Inputs, class F>
  auto run(const Inputs& inputs, CallOptions options, F&& compute);
  void give_masks(std::span<const Tensor> inputs, std::span<Tensor> outputs);

  std::shared_ptr<detail::LayerState> state_;
  const void* thread_;  ///< the thread that made the handle: other threads set its members only in a call of it
  std::atomic<std::uint64_t> bound_;  ///< the number of the build from which the members come
};

/// A tensor as an argument: its dtype, shape and elements; none for an empty tensor.
ConfigValue config_value(const Tensor& tensor);
/// Also a number or a list of numbers, which is a float32 tensor, and a tensor as Keras writes it.
Tensor from_config_value(const ConfigValue& value, Tensor*);

namespace detail {

/// Whether a class overrides one of the functions about masks.
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

/// The base of layer classes (CRTP): `struct Scale : xp::LayerBase<Scale>`. It adds how an object of the class is
/// copied and assigned, which Layer itself cannot know. A class derived from Layer directly works too, but functional
/// graphs do not keep its objects alive, and build() runs again for each copy made before it.
template <class Derived, class Base = Layer>
class LayerBase : public Base {
 protected:
  using Base::Base;
  std::unique_ptr<Layer> copy() const override {
    if (typeid(*this) != typeid(Derived)) return Base::copy();  // of a class derived from Derived
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

/// A handle of a layer of any class, for wrappers and lists of layers; a layer converts to it.
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
  /// A new, unbuilt layer of the same kind.
  AnyLayer clone() const;

  /// The layer or model that a Config describes, of xtape's classes or of those registered by register_serializable
  /// (keras.layers.deserialize). It has Keras's defaults for what the Config lacks, and no weights yet. Throws a
  /// ValueError for an unknown class, for values that the class cannot take, and for a Lambda.
  static AnyLayer from_config(const ConfigValue& value);
  /// Users' classes.
  static detail::Registry<AnyLayer>& registry();

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
  Copy copy_;  ///< null: use Layer::copy()
};

/// A new, unbuilt layer or model of the same kind and options, with its own weights (keras.models.clone_model). Throws
/// a ValueError for a layer with variables that it made outside build().
template <std::derived_from<Layer> L>
L clone(const L& layer) {
  detail::CloneScope scope;
  L copy(layer);
  scope.finish();
  return copy;
}

}  // namespace xtape
