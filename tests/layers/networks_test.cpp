#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/average_pooling2d.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/conv_transpose.hpp"
#include "xtape/layers/cropping.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/noise.hpp"
#include "xtape/layers/pooling1d.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/repeat_vector.hpp"
#include "xtape/layers/reshape.hpp"
#include "xtape/layers/separable_conv2d.hpp"
#include "xtape/layers/upsampling.hpp"
#include "xtape/layers/zero_padding.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Layers together, in networks as one builds them.
namespace xtape {
namespace {

/// Images with a bright row (class 0) or a bright column (class 1), which one being left to chance.
std::pair<Tensor, Tensor> bars(std::int64_t count) {
  random::Generator generator(4);
  const Tensor noise = generator.uniform({count, 8, 8, 1}, 0, 0.5);
  std::vector<float> pixels(static_cast<std::size_t>(count) * 64);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = generator.below(8);
    labels.push_back(static_cast<std::int32_t>(i % 2));
    for (std::int64_t k = 0; k < 8; ++k) {
      const std::int64_t at = i % 2 == 0 ? place * 8 + k : k * 8 + place;
      pixels[static_cast<std::size_t>(i * 64 + at)] = 1;
    }
  }
  return {noise + constant(pixels, {count, 8, 8, 1}), constant(labels)};
}

/// Some steps of Adam on all data; the loss of the last one.
template <class Loss>
double train(Model& model, const Tensor& x, const Tensor& y, int steps, const Loss& loss) {
  optimizers::Adam optimizer({.learning_rate = 0.01});
  double last = 0;
  for (int step = 0; step < steps; ++step) {
    GradientTape tape;
    const Tensor value = reduce_mean(loss(y, model(x, {.training = true})));
    const auto gradients = tape.gradient(value, model.trainable_variables());
    optimizer.apply_gradients(zip(gradients, model.trainable_variables()));
    last = value.item();
  }
  return last;
}

const auto crossentropy = [](const Tensor& y, const Tensor& y_pred) {
  return losses::sparse_categorical_crossentropy(y, y_pred);
};

double accuracy(Model& model, const Tensor& x, const Tensor& y) {
  return reduce_mean(cast(cast(argmax(model(x), -1), int32) == y, float32)).item();
}

TEST_CASE("networks: a residual network, in the functional style, tells rows from columns") {
  random::set_seed(1);
  const auto [x, y] = bars(40);
  auto inputs = Input({8, 8, 1});
  SymbolicTensor z = layers::Conv2D(4, 3, {.padding = "same", .use_bias = false})(inputs);
  z = layers::ReLU()(layers::BatchNormalization({.momentum = 0.8})(z));
  SymbolicTensor inner = layers::SeparableConv2D(4, 3, {.padding = "same", .use_bias = false})(z);
  inner = layers::BatchNormalization({.momentum = 0.8})(inner);
  z = layers::PReLU({.shared_axes = {1, 2}})(layers::add({z, inner}));
  z = layers::concatenate({layers::GlobalMaxPooling2D()(z), layers::GlobalAveragePooling2D()(z)});
  z = layers::Dense(2, {.activation = "softmax"})(layers::GaussianNoise(0.05)(z));
  Model model(inputs, z);
  CHECK(model.count_params() == 9 * 4 + 16 + (9 * 4 + 16) + 16 + 4 + (8 * 2 + 2));
  const double first = train(model, x, y, 1, crossentropy);
  const double last = train(model, x, y, 40, crossentropy);
  CHECK(last < 0.3 * first);
  CHECK(accuracy(model, x, y) > 0.95);  // with the moving statistics

  Model copy = clone(model);
  (void)copy(x);
  copy.set_weights(model.get_weights());
  CHECK_SAME_BITS(copy(x), model(x));
}

TEST_CASE("networks: an autoencoder goes down to a few numbers and up again") {
  random::set_seed(2);
  const Tensor x = bars(20).first;
  Sequential model{Input({8, 8, 1}),
                   layers::Conv2D(4, 3, {.strides = 2, .padding = "same"}),
                   layers::LeakyReLU(),
                   layers::AveragePooling2D(2),
                   layers::Flatten(),
                   layers::Dense(8),
                   layers::LayerNormalization(),
                   layers::Dense(2 * 2 * 4, {.activation = "elu"}),
                   layers::Reshape({2, 2, 4}),
                   layers::UpSampling2D(2, {.interpolation = "bilinear"}),
                   layers::Conv2DTranspose(2, 3, {.strides = 2, .padding = "same", .activation = "relu"}),
                   layers::ZeroPadding2D(1),
                   layers::DepthwiseConv2D(3),
                   layers::Conv2D(1, 1)};
  CHECK(model(x).shape() == x.shape());
  const auto mse = [](const Tensor& y, const Tensor& y_pred) { return reduce_mean(square(y - y_pred)); };
  const double first = train(model, x, x, 1, mse);
  CHECK(train(model, x, x, 60, mse) < 0.6 * first);
}

TEST_CASE("networks: layers have the names that Keras gives them") {
  const auto name = [](const Layer& layer) { return layer.name(); };
  CHECK(name(layers::Conv1D(1, 1)) == "conv1d");
  CHECK(name(layers::Conv2DTranspose(1, 1)) == "conv2d_transpose");
  CHECK(name(layers::DepthwiseConv2D(1)) == "depthwise_conv2d");
  CHECK(name(layers::SeparableConv2D(1, 1)) == "separable_conv2d");
  CHECK(name(layers::MaxPooling1D()) == "max_pooling1d");
  CHECK(name(layers::GlobalAveragePooling2D()) == "global_average_pooling2d");
  CHECK(name(layers::UpSampling2D()) == "up_sampling2d");
  CHECK(name(layers::ZeroPadding2D()) == "zero_padding2d");
  CHECK(name(layers::Cropping1D()) == "cropping1d");
  CHECK(name(layers::SpatialDropout1D(0.5)) == "spatial_dropout1d");
  CHECK(name(layers::BatchNormalization()) == "batch_normalization");
  CHECK(name(layers::ReLU()) == "re_lu");
  CHECK(name(layers::LeakyReLU()) == "leaky_re_lu");
  CHECK(name(layers::PReLU()) == "p_re_lu");
  CHECK(name(layers::ELU()) == "elu");
  CHECK(name(layers::RepeatVector(2)) == "repeat_vector");
}

}  // namespace
}  // namespace xtape
