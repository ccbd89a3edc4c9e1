#include "xtape/layers/layer_scale.hpp"

#include "base/check.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

LayerScale::LayerScale(double init_values, std::int64_t projection_dim, LayerScaleOptions options)
    : LayerBase(options, {{"init_values", init_values}, {"projection_dim", projection_dim}}),
      init_values_(init_values),
      projection_dim_(projection_dim) {
  if (projection_dim < 1) {
    xtape::detail::fail<ValueError>("LayerScale", "expected projection_dim >= 1, received {}", projection_dim);
  }
  set_supports_masking(true);
}

Config LayerScale::config() const {
  const Config own = LayerBase::config();
  return Config(own.class_name(), own.entries(), "keras.src.applications.convnext");
}

void LayerScale::build(const Shape& input_shape) {
  if (input_shape.rank() < 1 || input_shape.back() != projection_dim_) {
    xtape::detail::fail<ValueError>("LayerScale", "expected an input whose last axis has size {}, received shape {}",
                                    projection_dim_, input_shape);
  }
  gamma_ = add_weight("gamma", {projection_dim_}, {.initializer = initializers::Constant(init_values_)});
}

Tensor LayerScale::call(const Tensor& inputs) {
  if (inputs.rank() < 1 || inputs.shape().back() != projection_dim_) {
    xtape::detail::fail<ValueError>("LayerScale", "expected an input whose last axis has size {}, received shape {}",
                                    projection_dim_, inputs.shape());
  }
  return inputs * gamma_;
}

}  // namespace xtape::layers
