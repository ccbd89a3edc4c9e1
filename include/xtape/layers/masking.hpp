#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Masking.
struct MaskingOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Marks steps as padding if all their features are `mask_value` (keras.layers.Masking). For an input [batch, time,
/// ..., features] the output has a mask [batch, time, ...] (see get_mask) that is false for padding. Layers such as
/// LSTM, attention and GlobalAveragePooling1D ignore the masked steps, and so do losses. The features of padding become
/// 0. Throws a ValueError for an input of rank below 2.
///
///     xp::Sequential model{layers::Masking(-1), layers::LSTM(32), layers::Dense(1)};
class Masking : public LayerBase<Masking> {
 public:
  explicit Masking(double mask_value = 0, MaskingOptions options = {});

  Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask) override;

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double mask_value_;
};

}  // namespace xtape::layers
