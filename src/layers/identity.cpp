#include "xtape/layers/identity.hpp"

namespace xtape::layers {

Identity::Identity(IdentityOptions options) : LayerBase(options) { set_supports_masking(true); }

TensorList Identity::compute_mask_list(const TensorList&, const TensorList& previous_masks) { return previous_masks; }

TensorList Identity::call_list(const TensorList& inputs) { return inputs; }

}  // namespace xtape::layers
