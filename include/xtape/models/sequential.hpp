#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "xtape/models/model.hpp"

namespace xtape {

/// A stack of layers, each called with the output of the one before (keras.Sequential):
///
///     xp::Sequential model{xp::Input({28, 28}), xp::layers::Flatten(),
///                          xp::layers::Dense(128, {.activation = "relu"}), xp::layers::Dense(10)};
///
/// If it begins with an Input, the layers are built at once, and data are cast to its dtype and checked against its
/// shape. Otherwise the first call builds them.
class Sequential : public LayerBase<Sequential, Model> {
 public:
  template <class... L>
  requires((std::derived_from<L, Layer> || std::same_as<L, AnyLayer> || std::same_as<L, SymbolicTensor>)&&... &&
           (sizeof...(L) != 1 || !(std::same_as<L, Sequential> && ...))) explicit Sequential(L... layers) {
    set_casts_inputs(false);  // its layers do
    stack_->layers.reserve(sizeof...(L));
    (add(std::move(layers)), ...);
  }

  /// Appends a layer. If the layer cannot take the output of the layer before, throws what the layer throws and does
  /// not append it.
  void add(AnyLayer layer);
  /// Sets the input of the model. Throws a ValueError for anything but an Input, and if there are layers already.
  void add(const SymbolicTensor& input);

  std::size_t size() const noexcept { return stack_->layers.size(); }
  Config config() const override;

  /// Throws an IndexError outside [0, size).
  Layer& layer(std::size_t index) const&;
  Layer& layer(std::size_t index) const&& = delete;  // would be gone with the model

 protected:
  Tensor call(const Tensor& input) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  const detail::GraphEnds* graph_ends() const override;

  struct Stack {
    std::vector<AnyLayer> layers = {};
    /// With an Input: this and the output of the last layer; otherwise null.
    std::shared_ptr<const detail::GraphEnds> ends = {};
  };
  /// All handles of a model share one stack, so that any of them can add layers; a clone has its own.
  class SharedStack {
   public:
    SharedStack() : stack_(std::make_shared<Stack>()) {}
    SharedStack(const SharedStack& other);
    SharedStack(SharedStack&& other) noexcept : stack_(other.stack_) {}
    SharedStack& operator=(const SharedStack& other) noexcept = default;
    Stack* operator->() const noexcept { return stack_.get(); }

   private:
    std::shared_ptr<Stack> stack_;
  };
  SharedStack stack_;
};

}  // namespace xtape
