#pragma once

#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of PReLU.
struct PReLUOptions {
  Initializer alpha_initializer = "zeros";
  Regularizer alpha_regularizer = {};
  Constraint alpha_constraint = {};
  std::vector<int> shared_axes =
      {};  ///< axes along which alpha is constant: {1, 2} for one alpha per channel of images
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(alpha_initializer, alpha_regularizer, alpha_constraint, shared_axes, dtype, name)
};

/// x where x >= 0, alpha x below, with a learned alpha of the shape of a sample (keras.layers.PReLU; He et al., 2015).
/// Throws a ValueError for a shared axis that is outside the input or the batch axis, and for another shape than that
/// of the first call.
class PReLU : public LayerBase<PReLU> {
 public:
  explicit PReLU(PReLUOptions options = {});

  const Variable& alpha() const& noexcept { return alpha_; }
  Variable alpha() const&& { return alpha_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  PReLUOptions options_;
  Variable alpha_;
};

}  // namespace xtape::layers
