#include "xtape/layers/spectral_normalization.hpp"

#include "base/check.hpp"
#include "core/undo.hpp"
#include "layers/layer_state.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/initializers/random_initializers.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::layers {

SpectralNormalization::SpectralNormalization(AnyLayer layer, SpectralNormalizationOptions options)
    : LayerBase(options.name, layer->dtype_policy()),
      layer_(std::move(layer)),
      power_iterations_(options.power_iterations) {
  describe(options, {{"layer", layer_}});
  if (power_iterations_ < 1) {
    xtape::detail::fail<ValueError>("SpectralNormalization",
                                    "`power_iterations` should be greater than zero. Received: `power_iterations={}`",
                                    power_iterations_);
  }
  set_casts_inputs(false);
  adopt(*layer_);
}

void SpectralNormalization::build(const Shape& input_shape) {
  Shape one = input_shape;
  if (one.rank() > 0) one[0] = 1;
  {
    const xtape::detail::NoRecording off;
    const xtape::detail::Trial trial;  // builds the layer without lasting effects
    (void)(*layer_)(zeros(one, compute_dtype()), {.training = false});
  }
  kernel_ = Variable();
  for (const auto& weight : xtape::detail::LayerState::of(*layer_).weights) {
    if (weight.name == "kernel" || weight.name == "embeddings") kernel_ = weight.variable;
  }
  if (!kernel_.defined()) {
    xtape::detail::fail<ValueError>("SpectralNormalization", "{} object has no attribute 'kernel' nor 'embeddings'",
                                    layer_->class_name());
  }
  vector_u_ = add_weight("vector_u", {1, kernel_.shape().back()},
                         {.initializer = initializers::TruncatedNormal{.stddev = 0.02},
                          .trainable = false,
                          .autocast = false,
                          .dtype = kernel_.dtype()});
}

void SpectralNormalization::normalize() {
  const xtape::detail::NoRecording off;
  // As keras.ops.normalize: by a norm of 1e-7 at least.
  const auto direction = [](const Tensor& x) { return nn::l2_normalize(x, {}, 1e-14); };
  const Tensor kernel = kernel_.stored_value(), before = vector_u_.stored_value();
  const Tensor weights = reshape(kernel, {-1, kernel.shape().back()});
  Tensor u = before, v;
  for (std::int64_t i = 0; i < power_iterations_; ++i) {
    v = direction(matmul(u, weights, {.transpose_b = true}));
    u = direction(matmul(v, weights));
  }
  const Tensor sigma = reduce_sum(matmul(v, weights) * u), empty = reduce_all(kernel == 0);
  vector_u_.assign(where(empty, before, u));
  kernel_.assign(kernel / where(empty, ones_like(sigma), sigma));
}

Tensor SpectralNormalization::call(const Tensor& inputs) {
  if (!training() || being_recomputed()) return (*layer_)(inputs);
  const Tensor kernel = kernel_.peek(), vector_u = vector_u_.peek();
  normalize();
  try {
    return (*layer_)(inputs);
  } catch (...) {  // the weights as they were
    kernel_.assign(kernel);
    vector_u_.assign(vector_u);
    throw;
  }
}

}  // namespace xtape::layers
