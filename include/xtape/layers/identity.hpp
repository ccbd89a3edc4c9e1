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
  explicit Identity(IdentityOptions options = {});
  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  TensorList call_list(const TensorList& inputs) override;
  bool may_make_masks() const override { return false; }
};

}  // namespace xtape::layers
