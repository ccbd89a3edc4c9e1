#pragma once

#include <memory>
#include <vector>

#include "xtape/models/model.hpp"

namespace xtape {

/// A stack of layers, each called with the output of the one before (keras.Sequential):
///
///     xp::Sequential model{xp::layers::Flatten(), xp::layers::Dense(128, {.activation = "relu"}),
///     xp::layers::Dense(10)};
class Sequential : public Model {
 public:
  template <std::derived_from<Layer>... L>
  requires(sizeof...(L) != 1 || !(std::same_as<L, Sequential> && ...)) explicit Sequential(L... layers) {
    layers_.reserve(sizeof...(L));
    (add(std::move(layers)), ...);
  }

  /// Appends a layer.
  template <std::derived_from<Layer> L>
  void add(L layer) {
    append(std::make_unique<L>(std::move(layer)));
  }

  std::size_t size() const noexcept { return layers_.size(); }
  /// Throws an IndexError outside [0, size).
  Layer& layer(std::size_t index) const;

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  void append(std::unique_ptr<Layer> layer);
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace xtape
