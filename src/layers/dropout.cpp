#include "xtape/layers/dropout.hpp"

#include "layers/input_checks.hpp"
#include "layers/random_mask.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {
namespace {

Tensor dropped(const Tensor& x, const Shape& mask, double rate, const std::shared_ptr<random::Generator>& generator) {
  return x * (detail::kept(mask, rate, x.dtype(), generator) * (1 / (1 - rate)));
}

}  // namespace

Dropout::Dropout(double rate, DropoutOptions options)
    : LayerBase(options, {{"rate", rate}}),
      rate_(rate),
      noise_shape_(std::move(options.noise_shape)),
      generator_(track(detail::generator_of(options.seed))) {
  detail::check_rate("Dropout", rate);
  set_supports_masking(true);
}

Tensor Dropout::call(const Tensor& inputs) {
  const Shape mask = detail::noise_shape_for("Dropout", noise_shape_, inputs.shape());
  return training() && rate_ > 0 ? dropped(inputs, mask, rate_, generator_) : inputs;
}

SpatialDropout1D::SpatialDropout1D(double rate, SpatialDropoutOptions options)
    : LayerBase(options, {{"rate", rate}}), rate_(rate), generator_(track(detail::generator_of(options.seed))) {
  detail::check_rate("SpatialDropout1D", rate);
  set_supports_masking(true);
}

Tensor SpatialDropout1D::call(const Tensor& inputs) {
  const Shape& shape = inputs.shape();
  detail::expect_ndim(*this, shape, 3);
  return training() && rate_ > 0 ? dropped(inputs, {shape[0], 1, shape[2]}, rate_, generator_) : inputs;
}

SpatialDropout2D::SpatialDropout2D(double rate, SpatialDropoutOptions options)
    : LayerBase(options, {{"rate", rate}}), rate_(rate), generator_(track(detail::generator_of(options.seed))) {
  detail::check_rate("SpatialDropout2D", rate);
  set_supports_masking(true);
}

Tensor SpatialDropout2D::call(const Tensor& inputs) {
  const Shape& shape = inputs.shape();
  detail::expect_ndim(*this, shape, 4);
  return training() && rate_ > 0 ? dropped(inputs, {shape[0], 1, 1, shape[3]}, rate_, generator_) : inputs;
}

}  // namespace xtape::layers
