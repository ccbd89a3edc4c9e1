#include "xtape/layers/random_images.hpp"

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"

namespace xtape {
namespace {

using layers::RandomBrightness;
using layers::RandomContrast;
using layers::RandomFlip;
using layers::RandomRotation;
using layers::RandomTranslation;
using layers::RandomZoom;

testing::LayerRow row(const char* name, std::function<AnyLayer(DType)> make) {
  return {.layer = name,
          .masks = testing::Masks::drops,
          .make = std::move(make),
          .inputs = {{.shape = {2, 3, 4, 2}}},
          .outputs = {{2, 3, 4, 2}},
          .wrong = {{{{2, 5}}, "expected images [batch, height, width, channels]"}},
          .random = true};
}

const testing::LayerTable random_images_table = {
    row("RandomFlip", [](DType) { return RandomFlip(); }),
    row("RandomRotation", [](DType) { return RandomRotation(0.2); }),
    row("RandomTranslation",
        [](DType) {
          return RandomTranslation(0.2, {-0.3, 0});
        }),
    row("RandomZoom", [](DType) { return RandomZoom(0.2); }),
    row("RandomBrightness", [](DType) { return RandomBrightness(0.2); }),
    row("RandomContrast", [](DType) { return RandomContrast(0.2); }),
};

TEST_CASE("random images: what holds for every layer") { testing::check_layers(random_images_table); }

/// 0, 1, 2 ... in rows.
Tensor numbered(std::int64_t height, std::int64_t width) {
  return cast(reshape(arange(height * width), {height, width, 1}), float32);
}

template <class L>
Tensor in_training(L layer, const Tensor& x) {
  return layer(x, {.training = true});
}

TEST_CASE("RandomFlip: each image, or not") {
  const Tensor one = numbered(2, 3), x = tile(expand_dims(one, 0), {200, 1, 1, 1});
  for (const char* mode : {"horizontal", "vertical", "horizontal_and_vertical"}) {
    const std::string name = mode;
    const Tensor y = in_training(RandomFlip(name, {.seed = 1}), x);
    int counts[4] = {};
    for (const Tensor& image : unstack(y)) {
      const auto same = [&](const Tensor& t) { return !reduce_any(image != t).item<bool>(); };
      const int which = same(one)                    ? 0
                        : same(reverse(one, {1}))    ? 1
                        : same(reverse(one, {0}))    ? 2
                        : same(reverse(one, {0, 1})) ? 3
                                                     : -1;
      REQUIRE(which >= 0);
      ++counts[which];
    }
    const int expected = name == "horizontal_and_vertical" ? 50 : 100;  // five standard deviations are 31 and 36
    CHECK(std::abs(counts[0] - expected) < 36);
    CHECK(std::abs(counts[1] - (name == "vertical" ? 0 : expected)) < 36);
    CHECK(std::abs(counts[2] - (name == "horizontal" ? 0 : expected)) < 36);
    CHECK(std::abs(counts[3] - (name == "horizontal_and_vertical" ? expected : 0)) < 36);
  }
  CHECK_THROWS_TEXT(ValueError,
                    "expected mode to be one of horizontal, vertical, horizontal_and_vertical: received 'x'",
                    RandomFlip("x"));
}

TEST_CASE("RandomRotation: a quarter counterclockwise, and half a turn") {
  const Tensor x = numbered(3, 3);
  CHECK_CLOSE(flatten(in_training(RandomRotation({0.25, 0.25}), x)), {2, 5, 8, 1, 4, 7, 0, 3, 6}, 1e-5, 1e-5);
  CHECK_CLOSE(in_training(RandomRotation({0.5, 0.5}), numbered(2, 4)), reverse(numbered(2, 4), {0, 1}), 1e-5, 1e-5);
  CHECK_THROWS_TEXT(ValueError, "[RandomRotation] expected", RandomRotation({0.5, 0.1}));
  CHECK_THROWS_TEXT(ValueError, "expected fill_mode to be one of", RandomRotation(0.1, {.fill_mode = "zeros"}));
}

TEST_CASE("RandomTranslation: down and to the right") {
  const Tensor x = numbered(2, 4);
  CHECK_CLOSE(
      flatten(in_training(RandomTranslation({0.5, 0.5}, {0.25, 0.25}, {.fill_mode = "constant", .fill_value = 9}), x)),
      {9, 9, 9, 9, 9, 0, 1, 2});
  CHECK_CLOSE(flatten(in_training(RandomTranslation({0.5, 0.5}, {-0.25, -0.25}), x)), {1, 2, 3, 3, 1, 2, 3, 3});
  CHECK_THROWS_TEXT(ValueError, "expected -1 <= lower <= upper <= 1 for width_factor, received (-2, 2)",
                    RandomTranslation(0.1, 2));
}

TEST_CASE("RandomZoom: about the centre, smaller for positive factors") {
  const Tensor x = numbered(1, 3);
  // Places 1 + zoom (i - 1).
  CHECK_CLOSE(flatten(in_training(RandomZoom({1, 1}, {.fill_mode = "constant", .fill_value = 9}), x)), {9, 1, 9});
  CHECK_CLOSE(flatten(in_training(RandomZoom({-0.5, -0.5}), x)), {0.5, 1, 1.5});
  CHECK_CLOSE(flatten(in_training(RandomZoom({3, 3}, {.width_factor = layers::Factor{-0.5, -0.5}}), x)), {0.5, 1, 1.5});
  CHECK_THROWS_TEXT(ValueError, "[RandomZoom] expected factors above -1, received -1", RandomZoom(1));
}

TEST_CASE("RandomBrightness and RandomContrast: values within the range") {
  const Tensor x = reshape(constant({10.0, 20.0, 200.0, 250.0}), {2, 2, 1});
  CHECK_CLOSE(flatten(in_training(RandomBrightness({0.1, 0.1}), x)), {35.5, 45.5, 225.5, 255}, 1e-5);
  CHECK_CLOSE(flatten(in_training(RandomBrightness({-1, -1}, {.value_range = {-1, 1}}), x)), {1, 1, 1, 1});
  // The mean is 120.
  CHECK_CLOSE(flatten(in_training(RandomContrast({-0.5, -0.5}), x)), {65, 70, 160, 185}, 1e-5);
  CHECK_CLOSE(flatten(in_training(RandomContrast({0.5, 0.5}), x)), {0, 0, 240, 255}, 1e-5);
  CHECK_THROWS_TEXT(ValueError, "expected value_range in ascending order, received (1, 0)",
                    RandomContrast(0.1, {.value_range = {1, 0}}));
}

TEST_CASE("random images: each image its own, repeated by a seed, unchanged outside of training") {
  const Tensor one = numbered(5, 4), x = tile(expand_dims(one, 0), {3, 1, 1, 1});
  for (const auto& each : random_images_table) {
    AnyLayer layer = each.make(float32);
    random::set_seed(3);
    const Tensor y = (*layer)(x, {.training = true}), again = (*layer)(x, {.training = true});
    CHECK(reduce_any(y != again).item<bool>());
    random::set_seed(3);
    CHECK_TENSOR_EQ((*layer)(x, {.training = true}), y);
    CHECK_TENSOR_EQ((*layer)(x), x);
    if (each.layer != "RandomFlip") CHECK(reduce_any(slice_axis(y, 0, 0, 1) != slice_axis(y, 0, 1, 1)).item<bool>());
    CHECK((*layer)(cast(one, uint8), {.training = true}).dtype() == float32);
  }
  RandomZoom zoom(0.3, {.seed = 8}), same(0.3, {.seed = 8});
  CHECK_TENSOR_EQ(zoom(x, {.training = true}), same(x, {.training = true}));
}

TEST_CASE("random images: gradients of the images") {
  const Tensor x = cast(tile(expand_dims(numbered(3, 4), 0), {2, 1, 1, 1}), float64) + 60;
  for (const auto& each : random_images_table) {
    AnyLayer layer = each.make(float64);
    const GradientCheck check = check_gradients(
        [&](const Tensor& t) {
          random::set_seed(5);
          return (*layer)(t, {.training = true});
        },
        x, {.order = 1});
    CHECK_MESSAGE(check, each.layer, ": ", check.message);
  }
  random::set_seed(0);
}

}  // namespace
}  // namespace xtape
