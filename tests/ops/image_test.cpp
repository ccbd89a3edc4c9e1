#include "xtape/ops/image.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> image_table{
    {"image::affine_transform"}, {"image::resize"}, {"image::extract_patches"}, {"image::grid_sample"}};

const FunctionRows image_replays{
    {"image::extract_patches",
     [](const OpInputs& x) {
       return image::extract_patches(x[0], {2, 3}, {.strides = 1, .padding = "same"});
     },
     fresh_inputs({{2, 4, 4, 2}})},
    {"image::grid_sample", [](const OpInputs& x) { return image::grid_sample(x[0], x[1]); },
     fresh_inputs({{2, 4, 3, 2}, {2, 2, 3, 2}})},
    {"image::grid_sample",
     [](const OpInputs& x) {
       return image::grid_sample(x[0], x[1], {.interpolation = "nearest", .padding_mode = "reflection"});
     },
     fresh_inputs({{2, 4, 3, 2}, {2, 2, 3, 2}})},
};

/// One image of one line.
Tensor line(const std::vector<double>& values, DType dtype = float64) {
  return tensor(values, {1, 1, static_cast<std::int64_t>(values.size()), 1}, dtype);
}
Tensor shifted(const Tensor& x, double by, const std::string& mode, const std::string& interpolation = "bilinear") {
  return flatten(image::affine_transform(x, tensor({1, 0, -by, 0, 1, 0, 0, 0}),
                                         {.interpolation = interpolation, .fill_mode = mode, .fill_value = 9}));
}

}  // namespace

TEST_CASE("affine_transform: what is beyond the edges") {
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor x = line({1, 2, 3, 4}, dtype);
    CHECK_CLOSE(shifted(x, 2, "constant"), {9, 9, 1, 2});
    CHECK_CLOSE(shifted(x, 2, "nearest"), {1, 1, 1, 2});
    CHECK_CLOSE(shifted(x, 2, "reflect"), {2, 1, 1, 2});
    CHECK_CLOSE(shifted(x, 2, "wrap"), {3, 4, 1, 2});
    CHECK_CLOSE(shifted(x, -3, "constant"), {4, 9, 9, 9});
    CHECK_CLOSE(shifted(x, -3, "nearest"), {4, 4, 4, 4});
    CHECK_CLOSE(shifted(x, -3, "reflect"), {4, 4, 3, 2});
    CHECK_CLOSE(shifted(x, -3, "wrap"), {4, 1, 2, 3});
    CHECK_CLOSE(shifted(x, 10, "reflect"), {2, 1, 1, 2});  // two images away
    CHECK_CLOSE(shifted(x, -9, "wrap"), {2, 3, 4, 1});
    CHECK_CLOSE(shifted(x, 0.25, "constant"), {0.75 + 0.25 * 9, 1.75, 2.75, 3.75});
    CHECK_CLOSE(shifted(x, 0.25, "reflect"), {1, 1.75, 2.75, 3.75});
    CHECK_CLOSE(shifted(x, 0.25, "wrap"), {1.75, 1.75, 2.75, 3.75});
    CHECK_CLOSE(shifted(x, 0.25, "constant", "nearest"), {1, 2, 3, 4});
    CHECK_CLOSE(shifted(x, 0.75, "constant", "nearest"), {9, 1, 2, 3});
  }
}

TEST_CASE("affine_transform: rotations, projections, one transform or one for each image") {
  const Tensor x = tensor({1, 2, 3, 4}, {1, 2, 2, 1});
  // Counterclockwise by a quarter.
  CHECK_CLOSE(image::affine_transform(x, tensor({0, -1, 1, 1, 0, 0, 0, 0})), tensor({2, 4, 1, 3}, {1, 2, 2, 1}));
  const Tensor two = concat(std::vector<Tensor>{x, x * 10}, 0);
  const Tensor each = tensor({1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0}, {2, 8});
  CHECK_CLOSE(flatten(image::affine_transform(two, each)), {1, 2, 3, 4, 20, 0, 40, 0});
  CHECK_CLOSE(image::affine_transform(squeeze(x, 0), tensor({1, 0, 0, 0, 1, 0, 0, 0})), squeeze(x, 0));
  // x / (x + 1): 0, 1/2, 2/3
  CHECK_CLOSE(flatten(image::affine_transform(line({0, 6, 12}), tensor({1, 0, 0, 0, 1, 0, 1, 0}))), {0, 3, 4});
  // A division by zero is a place outside.
  CHECK_CLOSE(flatten(image::affine_transform(line({5, 6}), tensor({1, 0, 0, 0, 1, 0, -1, 0}), {.fill_value = 7})),
              {5, 7});
}

TEST_CASE("resize: between pixel centres, as tf.image.resize") {
  // Twice as wide: places -0.25, 0.25, 0.75, 1.25; half as wide: 0.5, 2.5; nearest: floor of (i + 0.5) scale.
  CHECK_CLOSE(flatten(image::resize(line({0, 4}), {1, 4})), {0, 1, 3, 4});
  CHECK_CLOSE(flatten(image::resize(line({1, 2, 3, 5}), {1, 2})), {1.5, 4});
  CHECK_CLOSE(flatten(image::resize(line({1, 2, 3, 5}), {1, 3}, "nearest")), {1, 3, 5});
  CHECK_CLOSE(flatten(image::resize(line({1, 2}), {2, 3}, "nearest")), {1, 2, 2, 1, 2, 2});
  CHECK(image::resize(ones({2, 4, 6, 3}), {8, 5}).shape() == Shape{2, 8, 5, 3});
  CHECK(image::resize(ones({0, 4, 6, 3}), {8, 5}).shape() == Shape{0, 8, 5, 3});
}

TEST_CASE("image: gradients agree with finite differences to second order") {
  const Tensor transforms = tensor({0.9, -0.3, 0.4, 0.2, 1.1, -0.6, 0, 0, 1, 0, 1.5, 0, 1, 0.5, 0.01, 0}, {2, 8});
  for (const char* mode : {"constant", "nearest", "reflect", "wrap"}) {
    for (const char* interpolation : {"bilinear", "nearest"}) {
      const GradientCheck check = check_gradients(
          [&](const Tensor& x) {
            return image::affine_transform(x, transforms,
                                           {.interpolation = interpolation, .fill_mode = mode, .fill_value = 3});
          },
          some({2, 3, 4, 2}));
      CHECK_MESSAGE(check, check.message);
    }
  }
  const GradientCheck check = check_gradients(
      [](const Tensor& x) {
        return image::resize(x, {5, 2});
      },
      some({2, 3, 4, 1}));
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("image: the numbers do not depend on the number of threads") {
  const auto run = [](int threads) {
    const Threads scope(threads);
    const Tensor x = some({3, 70, 60, 3}, float32), t = tensor({0.9, -0.3, 4, 0.2, 1.1, -6, 0, 0});
    GradientTape tape;
    tape.watch(x);
    const Tensor y = image::affine_transform(x, t, {.fill_mode = "reflect"});
    return std::vector<Tensor>{y, tape.gradient(y, x)};
  };
  const auto one = run(1), two = run(2);
  for (std::size_t i = 0; i < 2; ++i) CHECK_SAME_BITS(one[i], two[i]);
}

TEST_CASE("image: errors") {
  const Tensor x = ones({2, 3, 3, 1}), t = ones({8});
  CHECK_THROWS_TEXT(ValueError, "expected fill_mode to be one of constant, nearest, reflect, wrap: received 'mirror'",
                    image::affine_transform(x, t, {.fill_mode = "mirror"}));
  CHECK_THROWS_TEXT(ValueError, "expected interpolation to be one of bilinear, nearest: received 'cubic'",
                    image::resize(x, {2, 2}, "cubic"));
  CHECK_THROWS_TEXT(ValueError, "expected a transform of shape (8,) or (2, 8), received (6,)",
                    image::affine_transform(x, ones({6})));
  CHECK_THROWS_TEXT(ValueError, "received shape (2, 3)", image::resize(ones({2, 3}), {1, 1}));
  CHECK_THROWS_TEXT(ValueError, "expected images with pixels", image::resize(ones({2, 0, 3, 1}), {1, 1}));
  CHECK_THROWS_TEXT(ValueError, "expected a positive size, received (0, 2)", image::resize(x, {0, 2}));
  CHECK_THROWS_TEXT(TypeError, "expected a floating tensor, received uint8", image::resize(cast(x, uint8), {1, 1}));
}

TEST_CASE("extract_patches: windows in the order of the image") {
  const Tensor x = reshape(cast(arange(1, 10), float64), {1, 3, 3, 1});
  CHECK_CLOSE(image::extract_patches(x, 2, {.strides = 1}),
              tensor({1, 2, 4, 5, 2, 3, 5, 6, 4, 5, 7, 8, 5, 6, 8, 9}, {1, 2, 2, 4}), 0);
  CHECK_CLOSE(image::extract_patches(x, 2), tensor({1, 2, 4, 5}, {1, 1, 1, 4}), 0);
  CHECK_CLOSE(image::extract_patches(x, 2, {.padding = "same"}),
              tensor({1, 2, 4, 5, 3, 0, 6, 0, 7, 8, 0, 0, 9, 0, 0, 0}, {1, 2, 2, 4}), 0);
  CHECK_CLOSE(image::extract_patches(x, 2, {.strides = 1, .dilation_rate = 2}), tensor({1, 3, 7, 9}, {1, 1, 1, 4}), 0);
  CHECK_CLOSE(image::extract_patches(squeeze(x, 0), {1, 3}), tensor({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 1, 3}), 0);
  // Channels stay together.
  CHECK_CLOSE(image::extract_patches(reshape(cast(arange(8), bfloat16), {1, 2, 2, 2}), {2, 1}),
              tensor({0, 1, 4, 5, 2, 3, 6, 7}, {1, 1, 2, 4}), 0);
  CHECK(image::extract_patches(ones({0, 4, 4, 3}), 2).shape() == Shape{0, 2, 2, 12});
  CHECK(check_gradients(
      [](const Tensor& t) {
        return image::extract_patches(t, {2, 3}, {.strides = 1, .padding = "same"});
      },
      some({2, 3, 4, 2})));
  CHECK_THROWS_TEXT(TypeError, "[extract_patches] expected a floating tensor",
                    image::extract_patches(ones({1, 2, 2, 1}, int32), 2));
  CHECK_THROWS_TEXT(ValueError, "[extract_patches]", image::extract_patches(x, 0));
  CHECK_THROWS_TEXT(ValueError, "[extract_patches]", image::extract_patches(x, 4));
}

namespace {

/// A grid of one row with these x and y.
Tensor places(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> both;
  for (std::size_t i = 0; i < x.size(); ++i) both.insert(both.end(), {x[i], y[i]});
  return tensor(both, {1, 1, static_cast<std::int64_t>(x.size()), 2});
}

}  // namespace

TEST_CASE("grid_sample: pixels, the values between them and what is beyond the edges") {
  const Tensor x = tensor({1, 2, 3, 4}, {1, 1, 4, 1});
  const auto sampled = [&x](const std::vector<double>& at, const image::GridSampleOptions& options) {
    return flatten(image::grid_sample(x, places(at, std::vector<double>(at.size(), 0)), options));
  };
  // With aligned corners the pixels are at -1, -1/3, 1/3, 1, otherwise at -0.75, -0.25, 0.25, 0.75.
  CHECK_CLOSE(sampled({-1, -1.0 / 3, 0, 1, 2}, {.align_corners = true}), {1, 2, 2.5, 4, 0}, 1e-14);
  CHECK_CLOSE(sampled({-0.75, -0.25, 0, 0.75, 1}, {}), {1, 2, 2.5, 4, 2}, 1e-14);
  CHECK_CLOSE(sampled({-9, -1, 1, 9}, {.padding_mode = "border"}), {1, 1, 4, 4}, 1e-14);
  CHECK_CLOSE(sampled({-1.25, 1.75, 3.25}, {.padding_mode = "reflection"}), {1, 3, 1}, 1e-14);
  CHECK_CLOSE(sampled({-5.0 / 3, 5.0 / 3}, {.padding_mode = "reflection", .align_corners = true}), {2, 3}, 1e-14);
  CHECK_CLOSE(sampled({-0.8, -0.1, 0.4, 1.3}, {.interpolation = "nearest"}), {1, 2, 3, 0}, 0);
  const Tensor square = tensor({1, 2, 3, 4}, {1, 2, 2, 1});
  CHECK_CLOSE(flatten(image::grid_sample(square, places({0, 1}, {0, -1}), {.align_corners = true})), {2.5, 2}, 1e-14);
  CHECK(image::grid_sample(ones({0, 2, 2, 3}), ones({0, 4, 5, 2})).shape() == Shape{0, 4, 5, 3});
  CHECK(image::grid_sample(ones({1, 2, 2, 3}, bfloat16), ones({1, 4, 5, 2}, bfloat16)).dtype() == bfloat16);
}

TEST_CASE("grid_sample: gradients of both inputs") {
  for (const char* mode : {"zeros", "border", "reflection"}) {
    for (const bool align : {false, true}) {
      CAPTURE(mode);
      const auto f = [&](const Tensor& x, const Tensor& grid) {
        return image::grid_sample(x, grid, {.padding_mode = mode, .align_corners = align});
      };
      const GradientCheck check = check_gradients(f, some({2, 3, 4, 2}), some({2, 2, 3, 2}, float64, -1.23, 1.31));
      CHECK_MESSAGE(check, check.message);
    }
  }
}

TEST_CASE("grid_sample: errors") {
  const Tensor x = ones({1, 2, 2, 1}), grid = zeros({1, 3, 3, 2});
  CHECK_THROWS_TEXT(ValueError,
                    "[grid_sample] expected images [batch, height, width, channels] and a grid [batch, rows, columns, "
                    "2]: (1, 2, 2, 1), (2, 3, 3, 2)",
                    image::grid_sample(x, zeros({2, 3, 3, 2})));
  CHECK_THROWS_TEXT(ValueError,
                    "[grid_sample] expected padding_mode to be one of zeros, border, reflection: received "
                    "'wrap'",
                    image::grid_sample(x, grid, {.padding_mode = "wrap"}));
  CHECK_THROWS_TEXT(ValueError, "[grid_sample] expected interpolation to be one of bilinear, nearest",
                    image::grid_sample(x, grid, {.interpolation = "bicubic"}));
  CHECK_THROWS_TEXT(TypeError, "[grid_sample] dtypes differ", image::grid_sample(x, cast(grid, float64)));
}
