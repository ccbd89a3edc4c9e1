#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/layers/layer.hpp"

// How layers work.
//
// State and handles. `Dense d(10)` is a handle: an object with the members of its class, such as options and `Variable
// kernel_`, and a pointer to the LayerState that it shares with its copies. The state holds everything else that
// belongs to the layer: name, settings, weights, tracked layers and generators. A model knows its layers by their
// states. The state lists its handles for code that needs an object: get_layer(), a graph whose layer cannot be copied,
// the first call.
//
// First call. build() runs once for a layer, on the handle that is called first. It gets a number, and a handle
// remembers the number of the build from which its members come (Layer::bound_). If that is the number in the state, a
// call goes straight to call(); otherwise it first goes through Layer::prepare(), with the state's mutex locked. The
// other handles get the members of the built one by the assignment operator of their class (LayerBase). Handles of the
// same thread get them at once, so that `copy.factor` is set without a call. Handles of other threads may be in use;
// they get them from a snapshot in the state when they are called. A snapshot is a copy whose pointer to the state does
// not own it. A class that is derived from Layer or Model directly cannot be assigned; its build() runs again, and
// add_weight() and track() return what the first run has made, in its order.
//
// Failure. A CallScope is a call on a thread's stack. Builds are tentative until the outermost call succeeds. If an
// inner call fails, its scope undoes the builds inside it: it drops the parts that build() has made, from made_from to
// made_to. Handles with the number of that build are then unbound.
//
// Threads. LayerState::mutex guards the handles, the build and what is noted about calls; it is locked while build()
// runs. structure_mutex() guards the parts and names of all layers, since a model reads those of the layers below it;
// no user's code runs while it is locked. A tentative build belongs to its thread; a call on another thread makes it
// final, since that thread then uses it. The current calls of a thread are in layer_thread.
namespace xtape::detail {

class CallScope;
struct GraphNode;
struct ShownShapes;

class WeightBudget;

/// The context of layers on the calling thread. A LayerThreadScope restores it.
struct LayerThread {
  CallScope* call = nullptr;       ///< the innermost call
  CloneScope* cloning = nullptr;   ///< not null: copies of layers are new layers
  const Layer* asking = nullptr;   ///< the layer whose default call() is calling call_list(), or the other way round
  bool keeping = false;            ///< a plain Model is copying the model of a derived class that it keeps
  WeightBudget* budget = nullptr;  ///< while a model is loaded from a file
  const ShownShapes* shown_shapes = nullptr;  ///< of the layer that try_call() calls: errors show its symbolic inputs
};
extern constinit thread_local LayerThread layer_thread;

class LayerThreadScope {
 public:
  LayerThreadScope() noexcept : before_(layer_thread) {}
  LayerThreadScope(const LayerThreadScope&) = delete;
  ~LayerThreadScope() { layer_thread = before_; }

 private:
  const LayerThread before_;
};

/// While it lives, the weights that layers make on the calling thread are zeros, since they will be loaded, and may
/// have so many bytes altogether; more is a DataError. A damaged file could describe layers of any size.
class WeightBudget {
 public:
  explicit WeightBudget(std::uint64_t bytes) noexcept : left_(bytes) { layer_thread.budget = this; }
  /// Throws a DataError "[from_config] the weight 'dense/kernel' ...".
  void take(const std::string& weight, const Shape& shape, DType dtype);

 private:
  const LayerThreadScope before_;
  std::uint64_t left_;
};

/// Guards the parts of all layers (tracked layers, weights) and their names.
std::mutex& structure_mutex() noexcept;
/// 1, 2, ... over all threads.
std::uint64_t next_number() noexcept;

/// The settings that a clone copies from a layer.
struct LayerSettings {
  std::string name;            ///< empty until it is needed, since the constructor does not know the class
  bool named_by_user = false;  ///< otherwise a model that tracks the layer makes the name unique
  bool trainable = true;
  DTypePolicy policy;
  bool casts_inputs = true;
  bool supports_masking = false;
  Regularizer activity_regularizer;
  std::shared_ptr<const Description> description;  ///< null for a class without a description
  std::string shown_class;  ///< the class in summaries, of layers that stand for several; empty: that of the object
  bool in_paths = true;     ///< whether its name is a part of the names of its weights in files
};

struct LayerState : LayerSettings {
  // The parts, in the order of being added.
  struct Weight {
    std::string name;
    Variable variable;
    Regularizer regularizer;
    bool trainable;   ///< as it was added; freezing does not change it
    bool made_by_us;  ///< by add_weight; otherwise it is a user's variable
  };
  std::vector<Weight> weights;
  std::vector<std::shared_ptr<LayerState>> children;
  std::vector<std::shared_ptr<random::Generator>> generators;
  std::weak_ptr<LayerState> parent;  ///< the last layer that tracked it, for its path

  struct Counts {
    std::size_t weights = 0, children = 0, generators = 0;
  };
  Counts counts() const { return {weights.size(), children.size(), generators.size()}; }
  Counts made_from, made_to;  ///< the parts that build() has made; the build() of a clone makes its own

  // The build.
  mutable std::recursive_mutex mutex;     ///< recursive: build() may copy and ask handles
  std::atomic<std::uint64_t> build{0};    ///< the number of the build, 0 if there is none
  std::atomic<std::uint64_t> settled{0};  ///< the same, once the build is final
  const LayerThread* builder = nullptr;   ///< the thread of a tentative build
  enum class Building : std::uint8_t { no, first, again } building = Building::no;
  Counts again;                               ///< while building again: the next parts
  std::atomic<bool> may_make_masks{true};     ///< Layer::may_make_masks(), known from the first call on
  std::atomic<bool> has_dropped_mask{false};  ///< or not used it, and has warned of it
  std::atomic<bool> has_name{false}, has_output_shape{false};

  ~LayerState() {
    snapshot.reset();
    free_losses();
  }
  bool built() const noexcept { return build.load(std::memory_order_acquire) != 0; }
  /// Marks the layer as built: for models whose layers are built already.
  void set_built(Layer& handle);
  /// Makes the tentative build final.
  void settle() noexcept;
  /// Drops the tentative build of the calling thread. Returns false if the build is final, because another thread has
  /// called the layer in the meantime.
  bool unbuild() noexcept;
  void drop_what_build_made() noexcept;

  /// The existing handles of the layer, in the order of their construction.
  void add_handle(Layer& handle, const Layer* original = nullptr);
  void remove_handle(Layer& handle) noexcept;
  void replace_handle(Layer& from, Layer& to) noexcept;
  std::vector<Layer*> handles() const;
  /// Any handle, or null.
  Layer* handle() const noexcept;

  /// The shape of the first output of the first call, with -1 for the batch, for summaries.
  std::optional<Shape> output_shape() const;
  /// The shapes of the inputs for which the layer was built, with -1 for the batch and other sizes that differ; empty
  /// before.
  std::vector<Shape> build_shapes() const;
  void set_build_shapes(const std::vector<Shape>& shapes);
  /// The dtypes of the inputs of the first call; empty before.
  std::vector<DType> build_dtypes() const;
  void set_build_dtypes(std::span<const Tensor> inputs);
  void set_output_shape(const Shape& shape);

  /// The nodes that calls with symbolic tensors have made, as long as graphs or symbolic tensors hold them.
  void add_node(const std::shared_ptr<GraphNode>& node);
  std::vector<std::shared_ptr<GraphNode>> nodes() const;

  /// Sets an automatic name that differs from the class's, unless the user has given one.
  void name_unless_given(const std::string& automatic);
  /// "mlp/dense", for errors and warnings.
  std::string shown_path() const;

  // For the holder of structure_mutex():
  std::string path() const;
  /// Calls f with this layer and all layers below it, in order.
  template <class F>
  void visit(const F& f) {
    f(*this);
    for (const auto& child : children) child->visit(f);
  }
  /// Whether f is true for one of them.
  template <class F>
  bool any(const F& f) {
    for (const auto& child : children) {
      if (child->any(f)) return true;
    }
    return f(*this);
  }
  /// Renames the weights after the path has changed from `before`.
  void rename_weights(const std::string& before);

  /// Whether a float32 layer casts float64 inputs: if it has weights or inner layers, which need float32, and none of
  /// them is float64, which would lose digits.
  bool narrows();
  /// All weights with their names within this layer: "dense/kernel".
  std::vector<std::pair<std::string, Variable>> named_weights();
  std::vector<std::shared_ptr<random::Generator>> all_generators();

  /// The losses of the calling thread's last call, and the penalties of the weights.
  std::vector<Tensor> losses();
  /// Forgets the losses that the calling thread's calls of this layer and its inner layers have added.
  void clear_losses();
  static void add_loss(const std::shared_ptr<LayerState>& layer, const Tensor& loss);
  /// Whether any layer has ever added a loss; if not, clear_losses() has nothing to do.
  static std::atomic<bool> losses_in_use;

  /// The lists of variables, updated when the structure of any layer has changed.
  struct Lists {
    std::vector<Variable> all, trainable, frozen;
  };
  const Lists& lists();

  /// Notes a call inside another layer, and warns if this layer belongs neither to that layer nor to one that is being
  /// called outside it.
  void called_in(const CallScope& scope);
  /// Whether a variable of that name is of a layer that one of these has called and warned about so.
  bool has_warned_about(const std::string& variable);
  bool known_in(const LayerState& caller) const noexcept {
    return callers_[0].load(std::memory_order_relaxed) == caller.number_;
  }

  static LayerState& of(const Layer& layer) { return layer.state(); }
  static std::shared_ptr<LayerState> shared(const Layer& layer) { return layer.state_; }
  static std::unique_ptr<Layer> copy(const Layer& layer) { return layer.copy(); }
  /// The object whose functions compute: see Layer::object().
  static Layer& object(Layer& layer) { return layer.object(); }
  /// The ends of a model's graph, or null.
  static const GraphEnds* graph_ends(const Layer& layer) { return layer.graph_ends(); }
  /// Whether a layer uses the masks of its inputs.
  static bool takes_masks(const Layer& layer) { return layer.supports_masking() || layer.may_make_masks(); }

  std::unique_ptr<Layer> snapshot;  ///< a copy of the built handle, for handles of other threads; null if all are bound

 private:
  void free_losses() noexcept;

  std::vector<Layer*> handles_;
  std::vector<std::weak_ptr<std::vector<Tensor>>> added_losses_;  ///< one list for each thread, whose table owns it
  std::optional<Shape> output_shape_;
  std::vector<Shape> build_shapes_;
  std::vector<DType> build_dtypes_;
  std::vector<std::weak_ptr<GraphNode>> nodes_;
  std::atomic<std::uint64_t> version_{0};
  Lists lists_;
  const std::uint64_t number_ = next_number();  ///< unique, also among destroyed layers
  /// The layers inside which this one was called, the latest first.
  std::array<std::atomic<std::uint64_t>, 4> callers_{};
  std::atomic<bool> warned_{false};
  std::set<std::string> warned_about_;  ///< the paths of layers that this one has called
};

/// One call of a layer on the calling thread; calls nest. Variables are read without casts until an AutocastScope
/// inside. Unless succeed() is called, the builds inside are undone.
class CallScope {
 public:
  /// `layer` is the called layer, or null for other code that computes like a layer.
  explicit CallScope(std::optional<bool> training, LayerState* layer = nullptr) noexcept;
  CallScope(const CallScope&) = delete;
  ~CallScope() {
    if (!succeeded_) [[unlikely]]
      fail();
    thread_state.autocast = outer_autocast_;
  }
  void succeed() noexcept {
    succeeded_ = true;
    if (outer_ == nullptr && !built_.empty()) [[unlikely]]
      settle();
  }
  static CallScope* current() noexcept { return layer_thread.call; }
  bool training() const noexcept { return training_; }
  bool outermost() const noexcept { return outer_ == nullptr; }
  const CallScope* outer() const noexcept { return outer_; }
  LayerState* layer() const noexcept { return layer_; }

  struct Built {
    std::shared_ptr<LayerState> layer;
    random::GeneratorState before, after;  ///< of the default generator
  };
  /// Notes that a layer has just been built.
  void built(Built layer) { outermost_->built_.push_back(std::move(layer)); }

 private:
  void settle() noexcept;
  void fail() noexcept;

  const LayerThreadScope thread_;
  const bool training_;
  bool succeeded_ = false;
  LayerState* const layer_;
  const CallScope* const outer_;
  CallScope* const outermost_;
  Autocast* const outer_autocast_;
  std::vector<Built> built_;  ///< in the outermost scope: all builds inside it
  const std::size_t mark_;    ///< the number of builds before this call
};

/// As Keras: "BatchNormalization" -> "batch_normalization", "MLP" -> "mlp", "Conv2D" -> "conv2d"
std::string snake_case(const std::string& name);

}  // namespace xtape::detail
