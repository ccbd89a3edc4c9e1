#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::detail {

struct LayerState {
  std::string name;
  bool named_by_user = false;
  bool built = false;
  bool trainable = true;
  DTypePolicy policy;
  bool casts_inputs = true;

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

  std::vector<std::shared_ptr<random::Generator>> generators;
  Regularizer activity_regularizer;
  /// Given to add_loss since the last outermost call.
  std::vector<Tensor> added_losses;
  /// Of the first output of the first call, -1 for the batch; what a summary shows.
  std::optional<Shape> output_shape;
  /// The layer's handles that are alive. Graphs find layers through them that nothing else can copy.
  std::vector<Layer*> handles;

  /// The name of a layer that is not to be called after its class, where the user has given none. A model that tracks
  /// it makes it unique, which of a name that was given is an error.
  void name_unless_given(const std::string& automatic);
  /// "mlp/dense"
  std::string path() const;
  void set_trainable(bool value);
  /// Whether a layer is this one, or below it.
  bool contains(const LayerState& layer) const;
  /// Names weights anew after the path has changed from `before`.
  void rename_weights(const std::string& before);
  void clear_losses();
  /// All weights with their names within this layer: "dense/kernel".
  void collect_named(const std::string& prefix, std::vector<std::pair<std::string, Variable>>& named) const;
  void collect_generators(std::vector<std::shared_ptr<random::Generator>>& all) const;
  void collect_losses(std::vector<Tensor>& losses) const;

  /// The lists of variables, made again when the structure of any layer has changed.
  struct Lists {
    std::vector<Variable> all, trainable, frozen;
  };
  const Lists& lists();

  static LayerState& of(const Layer& layer) { return layer.state(); }
  static std::shared_ptr<LayerState> shared(const Layer& layer) { return layer.state_; }
  static std::unique_ptr<Layer> copy(const Layer& layer) { return layer.copy(); }

 private:
  void collect(Lists& lists, std::unordered_set<const VariableImpl*>& seen) const;
  std::mutex mutex_;
  std::atomic<std::uint64_t> version_{0};
  Lists lists_;
};

/// "xtape::layers::Dense" -> "Dense", "(anonymous namespace)::MLP" -> "MLP"
std::string class_of(const std::type_info& type);
/// As Keras: "BatchNormalization" -> "batch_normalization", "MLP" -> "mlp", "Conv2D" -> "conv2d"
std::string snake_case(const std::string& name);

}  // namespace xtape::detail
