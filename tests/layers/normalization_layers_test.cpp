#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/group_normalization.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/rms_normalization.hpp"
#include "xtape/layers/spectral_normalization.hpp"
#include "xtape/layers/unit_normalization.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/transforms/recompute_grad.hpp"

namespace xtape {
namespace {

using layers::BatchNormalization, layers::GroupNormalization, layers::LayerNormalization, layers::RMSNormalization,
    layers::SpectralNormalization, layers::UnitNormalization;

const testing::LayerTable normalization_layers_table = {
    {.layer = "BatchNormalization",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType d) { return BatchNormalization({.dtype = d}); },
     .inputs = {{.shape = {5, 3}}},
     .outputs = {{5, 3}},
     .weights = {{"gamma", {3}}, {"beta", {3}}, {"moving_mean", {3}, false}, {"moving_variance", {3}, false}},
     .wrong = {{{{}}, "Axis -1 is out of bounds for layer \"the_layer\" and input shape ()"}},
     .training_differs = true},
    {.layer = "BatchNormalization",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType d) {
           return BatchNormalization({.axis = 1, .center = false, .moving_variance_initializer = "ones", .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 2, 2}}},
     .outputs = {{2, 3, 2, 2}},
     .weights = {{"gamma", {3}}, {"moving_mean", {3}, false}, {"moving_variance", {3}, false}},
     .training_differs = true},
    {.layer = "BatchNormalization",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType d) { return BatchNormalization({.scale = false, .dtype = d}); },
     .inputs = {{.shape = {2, 2, 3, 2}}},
     .outputs = {{2, 2, 3, 2}},
     .weights = {{"beta", {2}}, {"moving_mean", {2}, false}, {"moving_variance", {2}, false}},
     .training_differs = true},
    {.layer = "LayerNormalization",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return LayerNormalization({.dtype = d}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"gamma", {4}}, {"beta", {4}}},
     .wrong = {{{{}}, "Axis -1 is out of bounds"}}},
    {.layer = "LayerNormalization",
     .masks = testing::Masks::passes_unused,
     .make =
         [](DType d) {
           return LayerNormalization({.axis = {-1, 1}, .scale = false, .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 2, 2}}},
     .outputs = {{2, 3, 2, 2}},
     .weights = {{"beta", {3, 2}}}},
    {.layer = "GroupNormalization",
     .masks = testing::Masks::passes_unused,
     .make = [](DType d) { return GroupNormalization({.groups = 2, .dtype = d}); },
     .inputs = {{.shape = {2, 2, 3, 4}}},
     .outputs = {{2, 2, 3, 4}},
     .weights = {{"gamma", {4}}, {"beta", {4}}},
     .wrong = {{{{2, 3}}, "must be a multiple of the number of groups (2)"}, {{{4}}, "expected min_ndim=2"}}},
    {.layer = "GroupNormalization",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return GroupNormalization({.groups = -1, .axis = 1, .center = false, .dtype = d}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"gamma", {3}}}},
    {.layer = "RMSNormalization",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return RMSNormalization({.dtype = d}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"scale", {4}}},
     .wrong = {{{{}}, "Axis -1 is out of bounds"}}},
    {.layer = "RMSNormalization",
     .masks = testing::Masks::passes_unused,
     .make =
         [](DType d) {
           return RMSNormalization({.axis = {-1, 1}, .epsilon = 0.1, .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 2, 4}}},
     .outputs = {{2, 3, 2, 4}},
     .weights = {{"scale", {3, 4}}}},
    {.layer = "SpectralNormalization",
     .masks = testing::Masks::passes,
     .make =
         [](DType d) {
           return SpectralNormalization(layers::Dense(4, {.kernel_initializer = "orthogonal", .dtype = d}),
                                        {.power_iterations = 2});
         },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 5, 4}},
     .weights = {{"vector_u", {1, 4}, false}, {"dense/kernel", {3, 4}}, {"dense/bias", {4}}},
     .wrong = {{{{}}, "expected min_ndim=1"}}},
    {.layer = "SpectralNormalization",
     .masks = testing::Masks::makes,
     .make = [](DType d) { return SpectralNormalization(layers::Embedding(5, 3, {.mask_zero = true, .dtype = d})); },
     .inputs = {{.shape = {2, 4}, .dtype = int32, .low = 0, .high = 5}},
     .outputs = {{2, 4, 3}},
     .weights = {{"vector_u", {1, 3}, false}, {"embedding/embeddings", {5, 3}}}},
    {.layer = "UnitNormalization",
     .masks = testing::Masks::passes,
     .make = [](DType) { return UnitNormalization(); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .wrong = {{{{}}, "Axis -1 is out of bounds"}}},
    {.layer = "UnitNormalization",
     .masks = testing::Masks::passes_unused,
     .make =
         [](DType) {
           return UnitNormalization({1, 2});
         },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}}},
};

TEST_CASE("normalization layers: what holds for every layer") { testing::check_layers(normalization_layers_table); }

// Two channels: means 2 and 20, variances 1 and 100.
const Tensor batch = constant({{1.0, 10.0}, {3.0, 30.0}});

TEST_CASE("BatchNormalization: in training with the batch's statistics, which the moving ones follow") {
  BatchNormalization layer({.momentum = 0.9});
  CHECK_CLOSE(layer(batch), batch / std::sqrt(1.001), 1e-6);  // mean 0 and variance 1 at first
  CHECK_CLOSE(layer.moving_mean(), {0.0, 0.0});
  const double one = 1 / std::sqrt(1.001), ten = 10 / std::sqrt(100.001);
  CHECK_CLOSE(layer(batch, {.training = true}), {-one, -ten, one, ten}, 1e-5);
  CHECK_CLOSE(layer.moving_mean(), {0.2, 2.0});
  CHECK_CLOSE(layer.moving_variance(), {0.9 + 0.1, 0.9 + 10.0});
  (void)layer(batch, {.training = true});
  CHECK_CLOSE(layer.moving_mean(), {0.9 * 0.2 + 0.2, 0.9 * 2 + 2});
  CHECK_CLOSE(layer.moving_variance(), {1.0, 0.9 * 10.9 + 10});
  // From here on with these.
  const double mean = 0.38, variance = 1.0;
  CHECK_CLOSE(slice(layer(batch), {0, 0}, {2, 1}),
              {(1 - mean) / std::sqrt(variance + 1e-3), (3 - mean) / std::sqrt(variance + 1e-3)}, 1e-5);
}

TEST_CASE("BatchNormalization: Keras's correctness test") {
  // Of a distribution with mean 5 and deviation 10, the result has mean 0 and deviation 1.
  BatchNormalization layer({.momentum = 0.8});
  const Tensor x = random::Generator(7).normal({200, 4, 4, 3}, 5, 10);
  Tensor y;
  for (int i = 0; i < 20; ++i) y = layer(x, {.training = true});
  CHECK_CLOSE(reduce_mean(y, {0, 1, 2}), {0.0, 0.0, 0.0}, 0, 1e-4);
  CHECK_CLOSE(reduce_mean(square(y), {0, 1, 2}), {1.0, 1.0, 1.0}, 1e-4);
  CHECK_CLOSE(layer(x), y, 0.1, 0.1);  // the moving ones have come close
}

TEST_CASE("BatchNormalization: channels on another axis, with gamma and beta") {
  // Channels first: 1 2 3 4 of mean 2.5 and variance 1.25, and ten times these.
  const Tensor x = constant({{{1.0, 2.0}, {10.0, 20.0}}, {{3.0, 4.0}, {30.0, 40.0}}});
  BatchNormalization layer(
      {.axis = 1, .epsilon = 0, .beta_initializer = "ones", .gamma_initializer = [](Shape s, DType d) {
         return full(s, 2, d);
       }});
  const double a = 1 + 2 * -1.5 / std::sqrt(1.25), b = 1 + 2 * -0.5 / std::sqrt(1.25), c = 2 - b, d = 2 - a;
  CHECK_CLOSE(layer(x, {.training = true}), {a, b, a, b, c, d, c, d}, 1e-5);
  CHECK_CLOSE(layer.moving_mean(), {0.025, 0.25}, 1e-5);
  CHECK_CLOSE(layer.moving_variance(), {0.99 + 0.0125, 0.99 + 1.25}, 1e-5);
}

TEST_CASE("LayerNormalization: over two axes, with a gamma for each place") {
  // 1 2 3 4 of mean 2.5 and variance 1.25; gamma 1 10 100 1000 in the order of the axes, whichever way they are named
  const Tensor x = constant({{{1.0, 2.0}, {3.0, 4.0}}});
  const auto gamma = [](const Shape& s, DType) { return reshape(constant({1.0, 10.0, 100.0, 1000.0}), s); };
  const double s = std::sqrt(1.25);
  for (const Axes& axis : {Axes{1, 2}, Axes{-1, 1}}) {
    LayerNormalization layer({.axis = axis, .epsilon = 0, .beta_initializer = "ones", .gamma_initializer = gamma});
    CHECK_CLOSE(layer(x), {1 - 1.5 / s, 1 - 5 / s, 1 + 50 / s, 1 + 1500 / s}, 1e-5);
  }
}

TEST_CASE("BatchNormalization: frozen it runs as outside of training") {
  Sequential model{BatchNormalization()};
  (void)model(batch);
  model.set_trainable(false);
  CHECK_CLOSE(model(batch, {.training = true}), batch / std::sqrt(1.001), 1e-6);
  CHECK_CLOSE(model.variables()[2], {0.0, 0.0});
  CHECK(model.trainable_variables().empty());
  model.set_trainable(true);
  CHECK(model.trainable_variables().size() == 2);
  (void)model(batch, {.training = true});
  CHECK_CLOSE(model.variables()[2], {0.02, 0.2}, 1e-5);
}

TEST_CASE("BatchNormalization: an empty batch in training changes nothing; tapes do not see the moving statistics") {
  BatchNormalization layer;
  CHECK(layer(zeros({0, 2}), {.training = true}).shape() == Shape{0, 2});
  CHECK_CLOSE(layer.moving_variance(), {1.0, 1.0});
  GradientTape tape;
  const Tensor y = reduce_sum(layer(batch, {.training = true}));
  CHECK(tape.gradient(y, layer.moving_mean()).defined() == false);
}

TEST_CASE("BatchNormalization: a batch counts once where recompute_grad runs it twice") {
  BatchNormalization layer({.momentum = 0.9});
  const auto block = recompute_grad([&](const Tensor& x) { return layer(x, {.training = true}); });
  (void)layer(batch);
  GradientTape tape;
  const Tensor loss = reduce_sum(square(block(batch)));
  CHECK_CLOSE(layer.moving_mean(), {0.2, 2.0});
  CHECK_CLOSE(tape.gradient(loss, layer.gamma()), {2 * 2 / 1.001, 2 * 200 / 100.001}, 1e-5);
  CHECK_CLOSE(layer.moving_mean(), {0.2, 2.0});
}

TEST_CASE("normalization layers: options that cannot be") {
  CHECK_THROWS_TEXT(ValueError, "[BatchNormalization] expected 0 <= momentum <= 1, received momentum=1.5",
                    BatchNormalization({.momentum = 1.5}));
  CHECK_THROWS_TEXT(ValueError, "[BatchNormalization] expected epsilon >= 0, received epsilon=-1",
                    BatchNormalization({.epsilon = -1}));
  CHECK_THROWS_TEXT(ValueError, "Axis 2 is out of bounds", BatchNormalization({.axis = 2})(batch));
  CHECK_THROWS_TEXT(ValueError, "expected a positive integer (or `-1` for instance normalization). Received: groups=0",
                    GroupNormalization({.groups = 0}));
  CHECK_THROWS_TEXT(ValueError, "Number of groups (32) cannot be more than the number of channels (2).",
                    GroupNormalization()(batch));
  BatchNormalization layer;
  (void)layer(batch);
  CHECK_THROWS_TEXT(ValueError, "expected axis -1 of input shape to have value 2, but received input with shape (1, 3)",
                    layer(ones({1, 3})));
}

TEST_CASE("LayerNormalization: the example of Keras's docs") {
  // data = np.arange(10).reshape(5, 2) * 10; the docs print -0.99998 and 0.99998 for all rows.
  const Tensor data = reshape(arange(10), {5, 2});
  const Tensor y = LayerNormalization()(cast(data, float32) * 10);
  const double half = 5 / std::sqrt(25 + 1e-3);
  for (int i = 0; i < 5; ++i) CHECK_CLOSE(slice(y, {i, 0}, {1, 2}), {-half, half}, 1e-6);
  CHECK(half == doctest::Approx(0.99998).epsilon(1e-6));
}

TEST_CASE("RMSNormalization: Keras's correctness tests, and scales along two axes") {
  // keras/layers/normalization/rms_normalization_test.py: ones stay ones, and 10 is 1 as well.
  CHECK_CLOSE(RMSNormalization()(ones({2, 3})), std::vector<double>(6, 1 / std::sqrt(1 + 1e-6)), 1e-6);
  CHECK_CLOSE(RMSNormalization()(full({2, 3}, 10)), std::vector<double>(6, 10 / std::sqrt(100 + 1e-6)), 1e-6);
  // 1 2 3 4 have a mean square of 7.5. By the axes {1, 2}, scales 1 10 100 1000.
  const Tensor x = constant({{{1.0, 2.0}, {3.0, 4.0}}});
  RMSNormalization layer({.axis = {1, 2}, .epsilon = 0.5});
  (void)layer(x);
  layer.set_weights({constant({{1.0F, 10.0F}, {100.0F, 1000.0F}})});
  const double s = std::sqrt(8.0);
  CHECK_CLOSE(layer(x), {1 / s, 20 / s, 300 / s, 4000 / s}, 1e-6);
  CHECK_THROWS_TEXT(ValueError, "[RMSNormalization] expected epsilon >= 0, received epsilon=-1",
                    RMSNormalization({.epsilon = -1}));
  CHECK_THROWS_TEXT(ValueError, "expected axis 2 of input shape to have value 2", layer(ones({1, 2, 3})));
}

/// A kernel and a vector u after one call in training, by power iterations in plain double.
std::pair<std::vector<double>, std::vector<double>> normalized(std::vector<double> w, std::vector<double> u,
                                                               int iterations) {
  const std::size_t n = u.size(), m = w.size() / n;
  const auto unit = [](std::vector<double>& x) {
    double sum = 0;
    for (const double each : x) sum += each * each;
    for (double& each : x) each /= std::sqrt(sum);
  };
  std::vector<double> v(m);
  for (int step = 0; step < iterations; ++step) {
    for (std::size_t i = 0; i < m; ++i) {
      v[i] = 0;
      for (std::size_t j = 0; j < n; ++j) v[i] += w[i * n + j] * u[j];
    }
    unit(v);
    for (std::size_t j = 0; j < n; ++j) {
      u[j] = 0;
      for (std::size_t i = 0; i < m; ++i) u[j] += v[i] * w[i * n + j];
    }
    unit(u);
  }
  double sigma = 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) sigma += v[i] * w[i * n + j] * u[j];
  }
  for (double& each : w) each /= sigma;
  return {w, u};
}

TEST_CASE("SpectralNormalization: power iterations, in training only") {
  const std::vector<double> w{0.3, -1.2, 0.7, 2.0, 0.1, -0.4, 0.9, 1.1, -0.6, 0.2, 0.5, 0.8}, u{0.1, -0.2, 0.3};
  for (const int iterations : {1, 3}) {
    SpectralNormalization layer(layers::Conv2D(3, {2, 2}, {.dtype = float64}), {.power_iterations = iterations});
    const Tensor x = ones({1, 2, 2, 1}, float64);
    (void)layer(x);
    layer.set_weights({constant(u, {1, 3}), constant(w, {2, 2, 1, 3}), zeros({3}, float64)});
    const auto [kernel, vector_u] = normalized(w, u, iterations);
    CHECK_CLOSE(layer(x), {0.3 + 2.0 + 0.9 + 0.2, -1.2 + 0.1 + 1.1 + 0.5, 0.7 - 0.4 - 0.6 + 0.8}, 1e-12);
    CHECK_CLOSE(layer.kernel(), w);
    const Tensor y = layer(x, {.training = true});
    CHECK_CLOSE(layer.kernel(), kernel, 1e-12);
    CHECK_CLOSE(layer.vector_u(), vector_u, 1e-12);
    CHECK_CLOSE(y,
                {kernel[0] + kernel[3] + kernel[6] + kernel[9], kernel[1] + kernel[4] + kernel[7] + kernel[10],
                 kernel[2] + kernel[5] + kernel[8] + kernel[11]},
                1e-12);
  }
}

TEST_CASE("SpectralNormalization: the largest singular value becomes 1; gradients are those of the layer") {
  // Of diag(3, 2) it is 3.
  SpectralNormalization layer(layers::Dense(2, {.dtype = float64}), {.power_iterations = 40});
  const Tensor x = constant({{1.0, 1.0}}) * 1.0;
  (void)layer(x);
  layer.set_weights({constant({{0.6, 0.8}}), constant({{3.0, 0.0}, {0.0, 2.0}}), zeros({2}, float64)});
  GradientTape tape;
  const Tensor y = layer(cast(x, float64), {.training = true});
  CHECK_CLOSE(y, {1, 2.0 / 3}, 1e-9);
  CHECK_CLOSE(tape.gradient(reduce_sum(y), layer.kernel()), {1, 1, 1, 1});
}

TEST_CASE("SpectralNormalization: zeros stay, embeddings, and layers without a kernel") {
  SpectralNormalization zero(layers::Dense(2, {.kernel_initializer = "zeros"}));
  (void)zero(ones({1, 3}));
  const Tensor u = zero.vector_u().peek();
  (void)zero(ones({1, 3}), {.training = true});
  CHECK_CLOSE(zero.kernel(), std::vector<double>(6, 0));
  CHECK_SAME_BITS(zero.vector_u().peek(), u);
  SpectralNormalization ids(layers::Embedding(1, 2, {.mask_zero = true}));
  const Tensor rows = ids(constant({{0, 0, 0}}, int32), {.training = true});
  CHECK(rows.shape() == Shape{1, 3, 2});
  CHECK(get_mask(rows).defined());
  CHECK(reduce_sum(square(slice(rows, {0, 0, 0}, {1, 1, 2}))).item() == doctest::Approx(1));  // a matrix of one row
  CHECK_THROWS_TEXT(ValueError, "Flatten object has no attribute 'kernel' nor 'embeddings'",
                    SpectralNormalization(layers::Flatten())(ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "`power_iterations` should be greater than zero. Received: `power_iterations=0`",
                    SpectralNormalization(layers::Dense(1), {.power_iterations = 0}));
}

TEST_CASE("GroupNormalization: Keras's correctness tests") {
  // keras/layers/normalization/group_normalization_test.py, test_correctness_1d and _2d
  const Tensor line = constant({{-1.0, -1.0, 1.0, 1.0, 2.0, 2.0, 0.0, -2.0}}, float32);
  const auto run = [&](std::int64_t groups) {
    return GroupNormalization({.groups = groups, .epsilon = 0, .center = false, .scale = false})(line);
  };
  const auto halves = run(2);  // of the first four: mean 0, deviation 1; of the last: mean 0.5, variance 2.75
  const double s = std::sqrt(2.75);
  CHECK_CLOSE(halves, {-1, -1, 1, 1, 1.5 / s, 1.5 / s, -0.5 / s, -2.5 / s}, 1e-6);
  const auto whole = run(1);  // mean 0.25, variance 2 - 0.0625
  const double w = std::sqrt(2 - 0.0625);
  CHECK_CLOSE(slice(whole, {0, 4}, {1, 4}), {1.75 / w, 1.75 / w, -0.25 / w, -2.25 / w}, 1e-6);
}

TEST_CASE("UnitNormalization: the example of Keras's docs, and zeros") {
  const Tensor y = UnitNormalization()(constant({{3.0, 4.0}, {0.0, 0.0}, {0.0, -1e-9}}));
  CHECK_CLOSE(y, {0.6, 0.8, 0, 0, 0, -1}, 1e-6);
  const Tensor data = cast(reshape(arange(1, 7), {2, 3}), float32);
  CHECK(reduce_sum(square(slice(UnitNormalization()(data), {0, 0}, {1, 3}))).item() == doctest::Approx(1));
}

}  // namespace
}  // namespace xtape
