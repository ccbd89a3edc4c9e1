#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of ActivityRegularization.
struct ActivityRegularizationOptions {
  double l1 = 0;
  double l2 = 0;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(l1, l2, dtype, name)
};

/// Returns its input and adds (l1 sum |x| + l2 sum x^2) / batch to losses() (keras.layers.ActivityRegularization).
/// Throws a ValueError for a factor that is negative or not finite.
class ActivityRegularization : public LayerBase<ActivityRegularization> {
 public:
  explicit ActivityRegularization(ActivityRegularizationOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override { return inputs; }
};

}  // namespace xtape::layers
