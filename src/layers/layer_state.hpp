#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/layers/layer.hpp"

// How layers work.
//
// State and handles. `Dense d(10)` is a handle: an object with the members of its class, such as options and `Variable
// kernel_`, and a pointer to the LayerState that it shares with its copies. The state holds all that makes them one
// layer: name, settings, weights, tracked layers and generators. A model knows its layers by their states. The state
// lists its handles, for those who need an object: get_layer(), a graph whose layer cannot be copied, the first call.
//
// First call. build() runs once for a layer, on the handle that is called first; it gives the build a number, which a
// handle remembers with the members that it has from it (Layer::bound_). A call whose handle has the number of the
// state goes straight to call(); any other goes through Layer::prepare(), under the state's mutex. Handles that are
// there already are given the members of the one that was built: by the assignment of their class (LayerBase), those of
// the same thread at once, so that `copy.factor` is there without a call. Handles of other threads may be in use; they
// take theirs from a snapshot in the state when they are called. A snapshot is a copy whose pointer to the state does
// not own it. What cannot be assigned, since its class is derived from Layer or Model directly, runs build() again,
// where add_weight() and track() return what the first run has made, in its order.
//
// Failure. A CallScope is a call on a thread's stack. What is built inside is tentative until the outermost call
// succeeds; if a call in between fails, its scope unbuilds what was built inside of it. What build() has made are the
// parts from made_from to made_to, which are dropped; handles that have the number of that build are unbound by that.
//
// Threads. LayerState::mutex guards the handles, the build and what is noted of calls; it is held while build() runs.
// structure_mutex() guards the parts and names of all layers, since a model reads those of the layers below it; no
// user's code runs under it. A tentative build belongs to its thread; a call on another one settles it, since that
// relies on it now. What a thread is doing with layers is in layer_thread.
namespace xtape::detail {

class CallScope;
struct GraphNode;
struct ShownShapes;

/// What the calling thread is doing with layers. A LayerThreadScope puts it back as it was.
struct LayerThread {
  CallScope* call = nullptr;                  ///< the innermost one
  CloneScope* cloning = nullptr;              ///< copies of layers are new layers
  const Layer* asking = nullptr;              ///< the layer whose call() is the default one, which asks call_list()
  bool keeping = false;                       ///< a plain Model keeps a copy of a model of another class
  const ShownShapes* shown_shapes = nullptr;  ///< of the layer that is being tried: errors show its symbolic inputs
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

/// Guards which layers and weights belong to which layer, and what they are called, of all layers.
std::mutex& structure_mutex() noexcept;
/// 1, 2, ... in all threads together.
std::uint64_t next_number() noexcept;

/// What a clone takes over from a layer.
struct LayerSettings {
  std::string name;            ///< empty until it is asked for: the class is not known in the constructor
  bool named_by_user = false;  ///< a model that tracks it makes it unique otherwise
  bool trainable = true;
  DTypePolicy policy;
  bool casts_inputs = true;
  bool supports_masking = false;
  Regularizer activity_regularizer;
  std::shared_ptr<const LayerDescription> description;  ///< null for a class that gives none
};

struct LayerState : LayerSettings {
  // The parts, in the order of being added.
  struct Weight {
    std::string name;
    Variable variable;
    Regularizer regularizer;
    bool trainable;   ///< as it was added; freezing does not forget it
    bool made_by_us;  ///< by add_weight; otherwise a variable of the user's
  };
  std::vector<Weight> weights;
  std::vector<std::shared_ptr<LayerState>> children;
  std::vector<std::shared_ptr<random::Generator>> generators;
  std::weak_ptr<LayerState> parent;  ///< the last one that tracked it, for its path

  struct Counts {
    std::size_t weights = 0, children = 0, generators = 0;
  };
  Counts counts() const { return {weights.size(), children.size(), generators.size()}; }
  Counts made_from, made_to;  ///< the parts that build() has made, which that of a clone makes again

  // The build.
  mutable std::recursive_mutex mutex;     ///< recursive: build() may copy and ask handles
  std::atomic<std::uint64_t> build{0};    ///< the number of the build, 0: there is none
  std::atomic<std::uint64_t> settled{0};  ///< the same, once it is there to stay
  const LayerThread* builder = nullptr;   ///< the thread of a tentative one
  enum class Building : std::uint8_t { no, first, again } building = Building::no;
  Counts again;                               ///< while building again: what comes next
  std::atomic<bool> may_make_masks{true};     ///< the class's answer, from the first call on
  std::atomic<bool> has_dropped_mask{false};  ///< and said so
  std::atomic<bool> has_name{false}, has_output_shape{false};

  ~LayerState() { snapshot.reset(); }
  bool built() const noexcept { return build.load(std::memory_order_acquire) != 0; }
  /// Says that the layer needs no build(): of models whose layers are built already.
  void set_built(Layer& handle);
  /// The tentative build is there to stay.
  void settle() noexcept;
  /// Drops the tentative build of the calling thread; returns false where there is none, since another thread has
  /// called the layer in the meantime.
  bool unbuild() noexcept;
  void drop_what_build_made() noexcept;

  /// The objects of the layer that live, in the order of being made.
  void add_handle(Layer& handle, const Layer* original = nullptr);
  void remove_handle(Layer& handle) noexcept;
  void replace_handle(Layer& from, Layer& to) noexcept;
  std::vector<Layer*> handles() const;
  /// Any of them, null if there is none.
  Layer* handle() const noexcept;

  /// Of the first output of the first call, -1 for the batch; what a summary shows.
  std::optional<Shape> output_shape() const;
  void set_output_shape(const Shape& shape);

  /// The nodes that calls with symbolic tensors have made, as long as graphs or symbolic tensors hold them.
  void add_node(const std::shared_ptr<GraphNode>& node);
  std::vector<std::shared_ptr<GraphNode>> nodes() const;

  /// The name of a layer that is not to be called after its class, where the user has given none.
  void name_unless_given(const std::string& automatic);
  /// "mlp/dense", for errors and warnings.
  std::string shown_path() const;

  // For the holder of structure_mutex():
  std::string path() const;
  /// f of this layer and of all below it, in their order.
  template <class F>
  void visit(const F& f) {
    f(*this);
    for (const auto& child : children) child->visit(f);
  }
  /// Whether f holds for one of them.
  template <class F>
  bool any(const F& f) {
    for (const auto& child : children) {
      if (child->any(f)) return true;
    }
    return f(*this);
  }
  /// Names weights anew after the path has changed from `before`.
  void rename_weights(const std::string& before);

  /// Whether float64 inputs become float32 in a layer of that policy: where there are weights or layers that would not
  /// take float64, and none that are float64 themselves, for which the inputs would be rounded in passing.
  bool narrows();
  /// All weights with their names within this layer: "dense/kernel".
  std::vector<std::pair<std::string, Variable>> named_weights();
  std::vector<std::shared_ptr<random::Generator>> all_generators();

  /// Those of the calling thread's last call, and the penalties of the weights.
  std::vector<Tensor> losses();
  /// Forgets what the calling thread's calls of this layer and those inside have given to add_loss.
  void clear_losses();
  static void add_loss(const std::shared_ptr<LayerState>& layer, const Tensor& loss);
  /// Whether any layer has ever added one: spares the others looking for some to forget.
  static std::atomic<bool> losses_in_use;

  /// The lists of variables, made again when the structure of any layer has changed.
  struct Lists {
    std::vector<Variable> all, trainable, frozen;
  };
  const Lists& lists();

  /// Notes that the layer has been called inside of another, and warns if it does not belong to that, nor to any that
  /// is being called around it.
  void called_in(const CallScope& scope);
  bool known_in(const LayerState& caller) const noexcept {
    return callers_[0].load(std::memory_order_relaxed) == caller.number_;
  }

  static LayerState& of(const Layer& layer) { return layer.state(); }
  static std::shared_ptr<LayerState> shared(const Layer& layer) { return layer.state_; }
  static std::unique_ptr<Layer> copy(const Layer& layer) { return layer.copy(); }
  /// Whether a layer has a use for the mask of an input.
  static bool takes_masks(const Layer& layer) { return layer.supports_masking() || layer.may_make_masks(); }

  std::unique_ptr<Layer>
      snapshot;  ///< of the handle that was built, for those of other threads; null where all have it

 private:
  std::vector<Layer*> handles_;
  std::optional<Shape> output_shape_;
  std::vector<std::weak_ptr<GraphNode>> nodes_;
  std::atomic<std::uint64_t> version_{0};
  Lists lists_;
  const std::uint64_t number_ = next_number();  ///< tells layers apart, also those that no longer exist
  /// Inside of which layers this one has been called, the last one first.
  std::array<std::atomic<std::uint64_t>, 4> callers_{};
  std::atomic<bool> warned_{false};
  std::set<std::string> warned_about_;  ///< what this layer has called
};

/// One call of a layer on the calling thread; calls nest as models call layers. Variables read as they are, until an
/// AutocastScope inside. Unless succeed() is reached, what was built inside is unbuilt.
class CallScope {
 public:
  /// `layer`: the one that is called, unless it is something else that computes as layers do.
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
  std::vector<Built> built_;  ///< of the outermost call: all inside of it
  const std::size_t mark_;    ///< how many there were before
};

/// As Keras: "BatchNormalization" -> "batch_normalization", "MLP" -> "mlp", "Conv2D" -> "conv2d"
std::string snake_case(const std::string& name);

}  // namespace xtape::detail
