#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {

/// Keyword arguments of UnitNormalization.
struct UnitNormalizationOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// x / max(|x|, 1e-12) with the 2-norm over one axis, or over several together (keras.layers.UnitNormalization). Throws
/// a ValueError for an axis outside the input.
class UnitNormalization : public LayerBase<UnitNormalization> {
 public:
  explicit UnitNormalization(Axes axis = -1, UnitNormalizationOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  Axes axis_;
};

}  // namespace xtape::layers
