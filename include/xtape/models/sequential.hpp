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
/// With an Input in front the layers are built at once, and data are cast to its dtype and checked against its shape;
/// without one, the first call builds them.
class Sequential : public LayerBase<Sequential, Model> {
 public:
  template <class... L>
  requires((std::derived_from<L, Layer> || std::same_as<L, AnyLayer> || std::same_as<L, SymbolicTensor>)&&... &&
           (sizeof...(L) != 1 || !(std::same_as<L, Sequential> && ...))) explicit Sequential(L... layers) {
    set_casts_inputs(false);  // its layers do
    stack_->layers.reserve(sizeof...(L));
    (add(std::move(layers)), ...);
  }

  /// Appends a layer. Throws what the layer throws that cannot take the output of the one before, and leaves it out.
  void add(AnyLayer layer);
  /// Says what enters the model. Throws a ValueError for anything but an Input, and where there are layers already.
  void add(const SymbolicTensor& input);

  std::size_t size() const noexcept { return stack_->layers.size(); }
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
    /// Where there is an Input in front: this, and what comes out of the last layer.
    std::shared_ptr<const detail::GraphEnds> ends = {};
  };
  /// All handles of a model have one, so that layers can be added by any of them; a clone has its own.
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
