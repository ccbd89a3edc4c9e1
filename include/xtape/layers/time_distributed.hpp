#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Applies one layer to every step of [batch, time, ...] (keras.layers.TimeDistributed). The layer gets all steps as
/// one batch [batch * time, ...], with the part of the mask for each step. The mask of the steps passes to the output.
/// Throws a ValueError for inputs of rank below 3.
class TimeDistributed : public LayerBase<TimeDistributed> {
 public:
  explicit TimeDistributed(AnyLayer layer, std::string name = {});

  Layer& layer() const& { return *layer_; }
  Layer& layer() const&& = delete;  // would be gone with this one

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  AnyLayer layer_;
};

}  // namespace xtape::layers
