#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {

/// Keyword arguments of RMSNormalization.
struct RMSNormalizationOptions {
  Axes axis = -1;  ///< one or several, such as {1, 2}
  double epsilon = 1e-6;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(axis, epsilon, dtype, name)
};

/// scale x / sqrt(mean(x^2) + epsilon), with the mean of each sample over the axes, and scale of their shape, ones at
/// first (Zhang, Sennrich, 2019; keras.layers.RMSNormalization). Throws a ValueError for an axis outside the input, a
/// negative epsilon and for other sizes than those of the first call.
class RMSNormalization : public LayerBase<RMSNormalization> {
 public:
  explicit RMSNormalization(RMSNormalizationOptions options = {});

  const Variable& scale() const& noexcept { return scale_; }
  Variable scale() const&& { return scale_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  RMSNormalizationOptions options_;
  std::vector<int> axes_;  ///< counted from 0, ascending
  Variable scale_;
};

}  // namespace xtape::layers
