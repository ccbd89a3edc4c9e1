#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Reshape.
struct ReshapeOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Reshapes the samples without a copy: [batch, ...] -> [batch, target_shape...] (keras.layers.Reshape). One size may
/// be -1; it follows from the others. Throws a ValueError when the numbers of elements differ.
class Reshape : public LayerBase<Reshape> {
 public:
  explicit Reshape(Shape target_shape, ReshapeOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Shape target_shape_;
  Shape output_;  ///< with the batch in front
};

}  // namespace xtape::layers
