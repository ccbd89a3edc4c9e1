#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of StochasticDepth.
struct StochasticDepthOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// In training, sets each sample [batch, ...] to 0 with probability `drop_path_rate` and multiplies the others by
/// 1 / (1 - drop_path_rate); outside training it returns its input. Before a residual connection it skips the block for
/// that sample (Huang et al., Deep Networks with Stochastic Depth, 2016; the StochasticDepth of Keras's ConvNeXt).
/// Throws a ValueError unless 0 <= drop_path_rate < 1.
class StochasticDepth : public LayerBase<StochasticDepth> {
 public:
  explicit StochasticDepth(double drop_path_rate, StochasticDepthOptions options = {});
  Config config() const override;

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double drop_path_rate_;
};

}  // namespace xtape::layers
