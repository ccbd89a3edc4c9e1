#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/activity_regularization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/noise.hpp"
#include "xtape/layers/stochastic_depth.hpp"
#include "xtape/models/checkpoint.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using layers::ActivityRegularization, layers::AlphaDropout, layers::Dropout, layers::GaussianDropout,
    layers::GaussianNoise, layers::SpatialDropout1D, layers::SpatialDropout2D, layers::StochasticDepth;

const testing::LayerTable regularization_layers_table = {
    {.layer = "Dropout",
     .masks = testing::Masks::passes,
     .make =
         [](DType) {
           return Dropout(0.5, {.noise_shape = Shape{-1, 1, 3}});
         },
     .inputs = {{.shape = {2, 4, 3}}},
     .outputs = {{2, 4, 3}},
     .wrong =
         {{{{2, 4}},
           "expected a noise_shape that broadcasts to the input, received noise_shape=(-1, 1, 3) and shape (2, 4)"},
          {{{2, 4, 2}}, "received noise_shape=(-1, 1, 3) and shape (2, 4, 2)"}},
     .random = true},
    {.layer = "StochasticDepth",
     .masks = testing::Masks::passes,
     .make = [](DType) { return StochasticDepth(0.5); },
     .inputs = {{.shape = {4, 2, 3}}},
     .outputs = {{4, 2, 3}},
     .wrong = {{{{}}, "expected an input [batch, ...], received shape ()"}},
     .random = true},
    {.layer = "SpatialDropout1D",
     .masks = testing::Masks::passes,
     .make = [](DType) { return SpatialDropout1D(0.5); },
     .inputs = {{.shape = {2, 4, 3}}},
     .outputs = {{2, 4, 3}},
     .wrong = {{{{2, 4}}, "expected ndim=3, found ndim=2"}},
     .random = true},
    {.layer = "SpatialDropout2D",
     .masks = testing::Masks::passes,
     .make = [](DType) { return SpatialDropout2D(0.5); },
     .inputs = {{.shape = {2, 4, 2, 3}}},
     .outputs = {{2, 4, 2, 3}},
     .wrong = {{{{2, 4}}, "expected ndim=4, found ndim=2"}},
     .random = true},
    {.layer = "GaussianNoise",
     .masks = testing::Masks::passes,
     .make = [](DType) { return GaussianNoise(0.5); },
     .inputs = {{.shape = {2, 4}}},
     .outputs = {{2, 4}},
     .random = true},
    {.layer = "GaussianDropout",
     .masks = testing::Masks::passes,
     .make = [](DType) { return GaussianDropout(0.5); },
     .inputs = {{.shape = {2, 4}}},
     .outputs = {{2, 4}},
     .random = true},
    {.layer = "AlphaDropout",
     .masks = testing::Masks::passes,
     .make = [](DType) { return AlphaDropout(0.5); },
     .inputs = {{.shape = {2, 4}}},
     .outputs = {{2, 4}},
     .random = true},
    {.layer = "ActivityRegularization",
     .masks = testing::Masks::passes,
     .make = [](DType) { return ActivityRegularization({.l1 = 0.1}); },
     .inputs = {{.shape = {2, 4}}},
     .outputs = {{2, 4}}},
};

TEST_CASE("regularization layers: what holds for every layer") { testing::check_layers(regularization_layers_table); }

constexpr CallOptions training = {.training = true};

TEST_CASE("Dropout: noise_shape drops along whole axes") {
  Dropout layer(0.5, {.noise_shape = Shape{-1, 1, 50}, .seed = 3});
  const Tensor y = layer(ones({20, 7, 50}), training);
  CHECK_TENSOR_EQ(reduce_max(y, 1), reduce_min(y, 1));
  const double kept = reduce_mean(y).item();  // of 1000 draws: 5 deviations are 0.16
  CHECK(std::abs(kept - 1) < 0.16);
  CHECK(reduce_any(reduce_max(y, 0) != reduce_min(y, 0)).item<bool>());
}

TEST_CASE("SpatialDropout: whole channels, another choice for each sample") {
  const Tensor y = SpatialDropout1D(0.5, {.seed = 3})(ones({20, 7, 50}), training);
  CHECK_TENSOR_EQ(reduce_max(y, 1), reduce_min(y, 1));
  CHECK_TENSOR_EQ(y * (y - 2), zeros({20, 7, 50}));  // 0 or 2
  CHECK(std::abs(reduce_mean(y).item() - 1) < 0.16);
  const Tensor z = SpatialDropout2D(0.25, {.seed = 3})(ones({20, 3, 2, 50}), training);
  CHECK_TENSOR_EQ(reduce_max(z, {1, 2}), reduce_min(z, {1, 2}));
  CHECK(std::abs(reduce_mean(z).item() - 1) < 0.1);
  CHECK(reduce_max(z).item() == doctest::Approx(4.0 / 3));
}

TEST_CASE("GaussianNoise, GaussianDropout: mean and variance; a seed repeats") {
  const Tensor x = full({100, 1000}, 3);
  const Tensor y = GaussianNoise(0.5, {.seed = 1})(x, training);
  CHECK(reduce_mean(y).item() == doctest::Approx(3).epsilon(0.003));
  CHECK(reduce_variance(y).item() == doctest::Approx(0.25).epsilon(0.02));
  const Tensor z = GaussianDropout(0.2, {.seed = 1})(x, training);
  CHECK(reduce_mean(z).item() == doctest::Approx(3).epsilon(0.01));
  CHECK(reduce_variance(z).item() == doctest::Approx(9 * 0.2 / 0.8).epsilon(0.02));
  CHECK_SAME_BITS(GaussianNoise(0.5, {.seed = 1})(x, training), y);
  CHECK(GaussianNoise(0.5)(cast(x, float64), training).dtype() == float64);
}

TEST_CASE("AlphaDropout: keeps mean 0 and variance 1; two values for one input") {
  const Tensor x = random::Generator(5).normal({100, 1000});
  const Tensor y = AlphaDropout(0.3, {.seed = 2})(x, training);
  CHECK(std::abs(reduce_mean(y).item()) < 0.02);
  CHECK(reduce_variance(y).item() == doctest::Approx(1).epsilon(0.02));
  // Of zeros: b where kept, a lowest + b where not, with a = 1 / sqrt(0.5 (1 + 0.5 lowest^2)) and b = -0.5 a lowest.
  const double lowest = -1.7580993408473766, a = 1 / std::sqrt(0.5 * (1 + 0.5 * lowest * lowest));
  const Tensor z = AlphaDropout(0.5, {.noise_shape = Shape{-1, 1}, .seed = 2})(zeros({100, 3}), training);
  CHECK(reduce_max(z).item() == doctest::Approx(-0.5 * a * lowest));
  CHECK(reduce_min(z).item() == doctest::Approx(0.5 * a * lowest));
  CHECK_TENSOR_EQ(reduce_max(z, 1), reduce_min(z, 1));
}

TEST_CASE("ActivityRegularization: Keras's test of it") {
  ActivityRegularization layer({.l1 = 0.2, .l2 = 0.3});
  (void)layer(constant({{1.0, -2.0}, {3.0, 0.0}}));
  REQUIRE(layer.losses().size() == 1);
  CHECK(layer.losses()[0].item() == doctest::Approx((0.2 * 6 + 0.3 * 14) / 2));  // the mean over the batch
}

TEST_CASE("regularization layers: a checkpoint holds where their random numbers are") {
  const testing::TempDir dir;
  Sequential model{Dropout(0.5, {.seed = 1}),       SpatialDropout1D(0.5, {.seed = 2}),
                   GaussianNoise(0.5, {.seed = 3}), GaussianDropout(0.5, {.seed = 4}),
                   AlphaDropout(0.5, {.seed = 5}),  layers::Dense(2)};
  const Tensor x = random::Generator(6).normal({4, 5, 3});
  (void)model(x, training);
  optimizers::SGD optimizer;
  optimizer.build(model.trainable_variables());
  Checkpoint checkpoint(model, optimizer);
  const std::string file = dir / "state.safetensors";
  checkpoint.save(file);
  const Tensor y = model(x, training), z = model(x, training);
  CHECK(reduce_any(y != z).item<bool>());
  REQUIRE(checkpoint.restore(file));
  CHECK_SAME_BITS(model(x, training), y);
  CHECK_SAME_BITS(model(x, training), z);
}

TEST_CASE("StochasticDepth: whole samples are dropped, as often as the rate says") {
  StochasticDepth layer(0.25);
  random::set_seed(3);
  const Tensor kept = layer(ones({4000, 2, 3}), training);
  const Tensor first = slice_axis(reshape(kept, {4000, 6}), 1, 0, 1);
  CHECK_SAME_BITS(kept, broadcast_to(reshape(first, {4000, 1, 1}), {4000, 2, 3}));
  CHECK(reduce_all((first == 0) | (first == 1 / 0.75F)).item<bool>());
  CHECK(reduce_mean(first).item() == doctest::Approx(1).epsilon(0.03));
  CHECK_SAME_BITS(layer(kept), kept);
  CHECK(layer.config().module() == "keras.src.applications.convnext");
}

TEST_CASE("regularization layers: what cannot be is refused") {
  CHECK_THROWS_TEXT(ValueError, "[StochasticDepth] expected 0 <= rate < 1, received rate=1", StochasticDepth(1));
  CHECK_THROWS_TEXT(ValueError, "[SpatialDropout1D] expected 0 <= rate < 1, received rate=1", SpatialDropout1D(1));
  CHECK_THROWS_TEXT(ValueError, "[GaussianDropout] expected 0 <= rate < 1, received rate=-1", GaussianDropout(-1));
  CHECK_THROWS_TEXT(ValueError,
                    "Invalid value received for argument `stddev`. Expected a float value between 0 and 1. Received: "
                    "stddev=2",
                    GaussianNoise(2));
  CHECK_THROWS_TEXT(ValueError, "l1", ActivityRegularization({.l1 = -1}));
}

}  // namespace
}  // namespace xtape
