#include "xtape/layers/activity_regularization.hpp"

#include "xtape/regularizers/l1_l2.hpp"

namespace xtape::layers {

ActivityRegularization::ActivityRegularization(ActivityRegularizationOptions options) : LayerBase(options) {
  set_activity_regularizer(regularizers::L1L2{.l1 = options.l1, .l2 = options.l2});
  set_supports_masking(true);
}

}  // namespace xtape::layers
