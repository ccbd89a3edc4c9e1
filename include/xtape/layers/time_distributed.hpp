#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Applies a layer to every step of [batch, time, ...], the same weights for all (keras.layers.TimeDistributed). The
/// layer gets all steps at once as a batch of [batch * time, ...], and the part of a mask that says something of the
/// inside of a step; the mask of the steps passes on. Throws a ValueError for inputs of rank below 3.
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
