#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Identity.
struct IdentityOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// Returns its inputs (keras.layers.Identity).
class Identity : public LayerBase<Identity> {
 public:
  explicit Identity(IdentityOptions options = {}) : LayerBase(options) { set_supports_masking(true); }
  TensorList compute_mask_list(const TensorList&, const TensorList& previous_masks) override { return previous_masks; }

 protected:
  TensorList call_list(const TensorList& inputs) override { return inputs; }
  bool may_make_masks() const override { return false; }
};

}  // namespace xtape::layers
