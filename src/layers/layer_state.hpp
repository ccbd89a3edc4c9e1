#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::detail {

/// The calling thread, as an address that no other living thread has.
const void* this_thread() noexcept;

/// Guards which layers and weights belong to which layer, and what they are called, of all layers.
std::mutex& structure_mutex() noexcept;

struct LayerState {
  LayerState() noexcept;

  /// Empty until it is asked for: the class is not known in the constructor.
  std::string name;
  std::atomic<bool> has_name{false};
  bool named_by_user = false;
  std::atomic<bool> built{false};
  /// Held while the layer is being built, which build() calls on its own thread only.
  std::recursive_mutex build_mutex;
  bool building = false;
  /// The thread whose first call has built the layer and is still under way: if it fails, the layer is unbuilt, unless
  /// another thread has called it in the meantime. Null otherwise. Guarded by build_mutex.
  const void* tentative_of = nullptr;
  bool trainable = true;
  DTypePolicy policy;
  bool casts_inputs = true;
  bool supports_masking = false;
  std::atomic<bool> may_make_masks{true};     ///< the class's answer, from the first call on
  std::atomic<bool> has_dropped_mask{false};  ///< and said so

  struct Weight {
    std::string name;
    Variable variable;
    Regularizer regularizer;
    bool trainable;      ///< as it was added; freezing does not forget it
    bool made_by_us;     ///< by add_weight; otherwise a variable of the user's
    bool made_in_build;  ///< and so made again by a clone
  };
  std::vector<Weight> weights;
  std::vector<std::shared_ptr<LayerState>> children;
  std::weak_ptr<LayerState> parent;
  /// Those of the children that build() has made, and that of a clone makes again.
  std::vector<std::shared_ptr<LayerState>> children_of_build;

  std::vector<std::shared_ptr<random::Generator>> generators, generators_of_build;
  Regularizer activity_regularizer;

  /// The name of a layer that is not to be called after its class, where the user has given none. A model that tracks
  /// it makes it unique, which of a name that was given is an error.
  void name_unless_given(const std::string& automatic);
  /// Of the first output of the first call, -1 for the batch; what a summary shows.
  std::optional<Shape> output_shape() const;
  void set_output_shape(const Shape& shape);
  /// path(), for errors and warnings.
  std::string shown_path() const;
  bool has_output_shape() const noexcept { return has_output_shape_.load(std::memory_order_acquire); }

  // The layer's handles that are alive. Graphs find layers through them that nothing else can copy.
  void add_handle(Layer* handle);
  void remove_handle(Layer* handle) noexcept;
  void replace_handle(Layer* from, Layer* to) noexcept;
  std::vector<Layer*> handles() const;
  /// Any of them, null if there is none.
  Layer* handle() const noexcept;
  /// Those of the calling thread whose members are not set.
  std::vector<Layer*> unbound_handles() const;
  /// Takes over a handle's phase and adds the copy to the handles.
  void add_copy(Layer* copy, const Layer& of);

  /// The first call that built the layer has succeeded.
  void settle() noexcept;
  /// It has failed: what build() made is dropped. Does nothing and returns false where another thread has called the
  /// layer in the meantime.
  bool unbuild() noexcept;
  void forget_build() noexcept;

  /// Notes that the layer has been called inside of another, and warns if it does not belong to that, nor to any that
  /// is being called around it.
  void called_in(const CallScope& scope);
  bool known_in(const LayerState& caller) const noexcept {
    return callers_[0].load(std::memory_order_relaxed) == caller.number_;
  }

  /// "mlp/dense"; for the holder of structure_mutex(), as the functions that follow up to losses().
  std::string path() const;
  void set_trainable(bool value);
  /// Whether a layer is this one, or below it.
  bool contains(const LayerState& layer) const;
  /// Names weights anew after the path has changed from `before`.
  void rename_weights(const std::string& before);
  /// Whether float64 inputs become float32 in a layer of that policy: where there are weights or layers that would not
  /// take float64, and none that are float64 themselves, for which the inputs would be rounded in passing.
  bool narrows() const;
  /// All weights with their names within this layer: "dense/kernel".
  void collect_named(const std::string& prefix, std::vector<std::pair<std::string, Variable>>& named) const;
  void collect_generators(std::vector<std::shared_ptr<random::Generator>>& all) const;

  /// Those of the calling thread's last call, and the penalties of the weights.
  std::vector<Tensor> losses() const;
  /// Forgets what the calling thread's calls of this layer and those inside have given to add_loss.
  void clear_losses() const;
  static void add_loss(const std::shared_ptr<LayerState>& layer, const Tensor& loss);
  /// Whether any layer has ever added one: spares the others looking for some to forget.
  static std::atomic<bool> losses_in_use;

  /// The lists of variables, made again when the structure of any layer has changed.
  struct Lists {
    std::vector<Variable> all, trainable, frozen;
  };
  const Lists& lists();

  static LayerState& of(const Layer& layer) { return layer.state(); }
  static std::shared_ptr<LayerState> shared(const Layer& layer) { return layer.state_; }
  static std::unique_ptr<Layer> copy(const Layer& layer) { return layer.copy(); }
  /// Whether a layer has a use for the mask of an input.
  static bool takes_masks(const Layer& layer) { return layer.supports_masking() || layer.may_make_masks(); }

 private:
  struct Penalty;
  void collect(Lists& lists, std::unordered_set<const VariableImpl*>& seen) const;
  void collect_penalties(std::vector<Penalty>& penalties) const;
  void set_phases(Layer::Phase from, Layer::Phase to) noexcept;

  mutable std::mutex mutex_;  ///< of the handles and the output's shape
  std::vector<Layer*> handles_;
  std::optional<Shape> output_shape_;
  std::atomic<bool> has_output_shape_{false};
  std::atomic<std::uint64_t> version_{0};
  Lists lists_;
  const std::uint64_t number_;  ///< tells layers apart, also those that no longer exist
  /// Inside of which layers this one has been called, the last one first.
  std::array<std::atomic<std::uint64_t>, 4> callers_{};
  std::atomic<bool> warned_{false};
  std::set<std::string> warned_about_;  ///< what this layer has called; guarded by mutex_
};

/// A call that may build layers. Unless succeed() is reached, the layers that were built in the meantime are unbuilt;
/// at the end of the outermost attempt they are there to stay.
class BuildAttempt {
 public:
  explicit BuildAttempt(bool outermost) noexcept;
  BuildAttempt(const BuildAttempt&) = delete;
  ~BuildAttempt() {
    if (!succeeded_) [[unlikely]]
      fail();
  }
  void succeed() noexcept;
  /// Notes that the layer has just been built; `draws` were made of the default generator.
  struct Draws {
    random::GeneratorState before, after;
  };
  static void built(std::shared_ptr<LayerState> layer, const Draws& draws);

 private:
  void fail() noexcept;
  std::size_t mark_;
  bool outermost_, succeeded_ = false;
};

/// "xtape::layers::Dense" -> "Dense", "(anonymous namespace)::MLP" -> "MLP"
std::string class_of(const std::type_info& type);
/// As Keras: "BatchNormalization" -> "batch_normalization", "MLP" -> "mlp", "Conv2D" -> "conv2d"
std::string snake_case(const std::string& name);

}  // namespace xtape::detail
