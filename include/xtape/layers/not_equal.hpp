#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// A bool tensor that is true where the input differs from `value`: a mask for recurrent and attention layers in
/// functional models (keras.ops.not_equal).
class NotEqual : public LayerBase<NotEqual> {
 public:
  explicit NotEqual(double value = 0, std::string name = {});
  Tensor compute_mask(const Tensor&, const Tensor&) override { return {}; }

 protected:
  Tensor call(const Tensor& inputs) override;
  bool may_make_masks() const override { return false; }

 private:
  double value_;
};

}  // namespace xtape::layers
