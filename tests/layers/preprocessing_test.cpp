#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/category_encoding.hpp"
#include "xtape/layers/center_crop.hpp"
#include "xtape/layers/discretization.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/random_crop.hpp"
#include "xtape/layers/resizing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace {

using layers::CategoryEncoding;
using layers::CenterCrop;
using layers::Discretization;
using layers::Normalization;
using layers::RandomCrop;
using layers::Resizing;

const testing::LayerTable preprocessing_table = {
    {.layer = "Normalization",
     .masks = testing::Masks::passes,
     .make = [](DType dtype) { return Normalization({.dtype = dtype}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"mean", {4}, false}, {"variance", {4}, false}, {"count", {}, false}}},
    {.layer = "Normalization",
     .masks = testing::Masks::passes,
     .make =
         [](DType dtype) {
           return Normalization({.axis = {}, .mean = constant(1.0), .variance = constant(4.0), .dtype = dtype});
         },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 3}}},
    {.layer = "Resizing",
     .masks = testing::Masks::drops,
     .make = [](DType) { return Resizing(4, 3); },
     .inputs = {{.shape = {2, 5, 6, 2}}},
     .outputs = {{2, 4, 3, 2}},
     .wrong = {{{{2, 5}}, "expected images [batch, height, width, channels]"}}},
    {.layer = "CenterCrop",
     .masks = testing::Masks::drops,
     .make = [](DType) { return CenterCrop(2, 3); },
     .inputs = {{.shape = {2, 5, 6, 2}}},
     .outputs = {{2, 2, 3, 2}},
     .wrong = {{{{2, 5}}, "expected images [batch, height, width, channels]"}}},
    {.layer = "RandomCrop",
     .masks = testing::Masks::drops,
     .make = [](DType) { return RandomCrop(2, 3); },
     .inputs = {{.shape = {2, 5, 6, 2}}},
     .outputs = {{2, 2, 3, 2}},
     .wrong = {{{{2, 5}}, "expected images [batch, height, width, channels]"}},
     .random = true},
    {.layer = "CategoryEncoding",
     .masks = testing::Masks::drops,
     .make = [](DType dtype) { return CategoryEncoding(5, {.dtype = dtype}); },
     .inputs = {{.shape = {2, 3}, .dtype = int32, .low = 0, .high = 5}},
     .outputs = {{2, 5}},
     .gradients = false},
    {.layer = "Discretization",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return Discretization({.bin_boundaries = {-1, 0.5}});
         },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 3}},
     .dtypes_agree = false,
     .gradients = false},
};

TEST_CASE("preprocessing layers: what holds for every layer") { testing::check_layers(preprocessing_table); }

TEST_CASE("Normalization: the examples of Keras's documentation, and inverted") {
  Normalization all({.axis = {}});
  all.adapt(constant({1.0, 2.0, 3.0, 4.0, 5.0}));
  CHECK_CLOSE(all(constant({1.0, 2.0, 3.0})), {-1.4142135, -0.70710677, 0}, 1e-5, 1e-6);
  Normalization last;
  const Tensor data = constant({{0.0, 7.0, 4.0}, {2.0, 9.0, 6.0}, {0.0, 7.0, 4.0}, {2.0, 9.0, 6.0}});
  last.adapt(data);
  CHECK_CLOSE(last(constant({{0.0, 7.0, 4.0}})), {-1, -1, -1});
  CHECK_CLOSE(last.mean(), constant({{1.0, 8.0, 5.0}}));
  Normalization given({.mean = constant(3.0), .variance = constant(2.0)});
  CHECK_CLOSE(given(constant({{1.0}, {2.0}, {3.0}})), {-1.4142135, -0.70710677, 0}, 1e-5, 1e-6);
  Normalization back({.mean = constant({1.0, 8.0, 5.0}), .variance = constant({1.0, 1.0, 1.0}), .invert = true});
  CHECK_CLOSE(back(last(data)), data, 1e-5, 1e-6);
  // A channel that never changes divides by 1e-7, not by 0.
  Normalization still;
  still.adapt(ones({4, 1}));
  CHECK_CLOSE(still(ones({1, 1})), {0});
}

TEST_CASE("Normalization: of uint8 images, by axes") {
  Normalization normalize({.axis = {-1, 1}});
  const Tensor images = cast(reshape(arange(2 * 3 * 2 * 2), {2, 3, 2, 2}), uint8);
  normalize.adapt(images);
  const Tensor y = normalize(images);
  CHECK(y.dtype() == float32);
  CHECK(normalize.mean().shape() == Shape{1, 3, 1, 2});
  CHECK_CLOSE(reduce_mean(y, {0, 2}), zeros({3, 2}), 0, 1e-6);
  CHECK_CLOSE(reduce_mean(square(y), {0, 2}), ones({3, 2}), 1e-5);
}

TEST_CASE("Normalization: errors") {
  CHECK_THROWS_TEXT(ValueError, "expected both mean and variance, or neither: received mean",
                    Normalization({.mean = constant(1.0)}));
  Normalization normalize;
  CHECK_THROWS_TEXT(ValueError, "the layer has seen no inputs yet", normalize.mean());
  CHECK_THROWS_TEXT(ValueError, "expected data [samples, ...], received shape (0, 3)", normalize.adapt(zeros({0, 3})));
  normalize.adapt(ones({4, 3}));
  CHECK_THROWS_TEXT(ValueError, "expected an input whose kept axes have shape (1, 3), received (2, 4)",
                    normalize(ones({2, 4})));
  Normalization given({.mean = constant(1.0), .variance = constant(1.0)});
  CHECK_THROWS_TEXT(ValueError, "the layer was given a mean and variance", given.adapt(ones({4, 3})));
  Normalization wrong({.mean = constant({1.0, 2.0}), .variance = constant(1.0)});
  CHECK_THROWS_TEXT(ValueError, "expected a mean and variance that fit axes of shape (1, 3), received shape (2,)",
                    wrong(ones({4, 3})));
}

/// 0, 1, 2 ... in rows.
Tensor numbered(std::int64_t height, std::int64_t width) {
  return cast(reshape(arange(height * width), {height, width, 1}), float32);
}

TEST_CASE("Resizing, CenterCrop, RandomCrop: which window") {
  CHECK_CLOSE(flatten(CenterCrop(2, 2)(numbered(4, 5))), {6, 7, 11, 12});
  CHECK(CenterCrop(2, 2)(cast(numbered(4, 5), uint8)).dtype() == float32);
  CHECK_CLOSE(flatten(CenterCrop(4, 2)(numbered(2, 4))), {1, 1, 3, 3, 3, 3, 5, 5}, 0.7);  // a column, enlarged
  CHECK_CLOSE(flatten(Resizing(1, 2, {.interpolation = "nearest"})(numbered(2, 4))), {5, 7});
  CHECK_CLOSE(flatten(Resizing(1, 1, {.crop_to_aspect_ratio = true})(numbered(2, 4))), {3.5});
  RandomCrop crop(2, 3, {.seed = 4});
  const Tensor image = numbered(5, 6);
  bool moved = false;
  for (int i = 0; i < 8; ++i) {
    const Tensor y = crop(image, {.training = true});
    const float first = y.data<float>()[0];
    CHECK_CLOSE(flatten(y), {first, first + 1, first + 2, first + 6, first + 7, first + 8});
    moved = moved || first != crop(image, {.training = true}).to_vector<float>()[0];
  }
  CHECK(moved);
  CHECK_THROWS_TEXT(ValueError, "[RandomCrop] expected a positive size, received height=0, width=2", RandomCrop(0, 2));
  CHECK_THROWS_TEXT(ValueError, "expected interpolation to be one of bilinear, nearest: received 'cubic'",
                    Resizing(1, 1, {.interpolation = "cubic"}));
}

TEST_CASE("CategoryEncoding: the examples of Keras's documentation") {
  CategoryEncoding one(4, {.output_mode = "one_hot"});
  CHECK_CLOSE(one(constant({3, 2, 0, 1})),
              constant({{0.0, 0.0, 0.0, 1.0}, {0.0, 0.0, 1.0, 0.0}, {1.0, 0.0, 0.0, 0.0}, {0.0, 1.0, 0.0, 0.0}}));
  CHECK(one(constant({{3}, {2}})).shape() == Shape{2, 4});
  const Tensor pairs = constant({{0, 1}, {0, 0}, {1, 2}, {3, 1}});
  CHECK_CLOSE(CategoryEncoding(4)(pairs),
              constant({{1.0, 1.0, 0.0, 0.0}, {1.0, 0.0, 0.0, 0.0}, {0.0, 1.0, 1.0, 0.0}, {0.0, 1.0, 0.0, 1.0}}));
  CategoryEncoding count(4, {.output_mode = "count"});
  const Tensor weights = constant({{0.1, 0.2}, {0.1, 0.1}, {0.2, 0.3}, {0.4, 0.2}});
  CHECK_CLOSE(count({pairs, weights}).only(),
              constant({{0.1, 0.2, 0.0, 0.0}, {0.2, 0.0, 0.0, 0.0}, {0.0, 0.2, 0.3, 0.0}, {0.0, 0.2, 0.0, 0.4}}));
  CHECK_CLOSE(count(constant({{0, 0, 2}})), {2, 0, 1, 0});
  CHECK_THROWS_TEXT(ValueError, "expected values in [0, 4), received 4", one(constant({4})));
  CHECK_THROWS_TEXT(ValueError, "expected one input, received 2", one({pairs, weights}));
  CHECK_THROWS_TEXT(ValueError, "expected output_mode to be one of one_hot, multi_hot, count: received 'int'",
                    CategoryEncoding(4, {.output_mode = "int"}));
  CHECK_THROWS_TEXT(ValueError, "received num_tokens=0", CategoryEncoding(0));
}

TEST_CASE("CategoryEncoding: numbers of a floating dtype are whole") {
  CategoryEncoding one(4, {.output_mode = "one_hot"});
  CHECK_TENSOR_EQ(one(constant({3.0, 1.0})), one(constant({3, 1})));
  CHECK_THROWS_TEXT(ValueError, "[CategoryEncoding] value 1.5 at position 0 is not an integer", one(constant({1.5})));
}

TEST_CASE("Discretization: the example of Keras's documentation, bins of data, encodings") {
  const Tensor x = constant({{-1.5, 1.0, 3.4, 0.5}, {0.0, 3.0, 1.3, 0.0}});
  CHECK_TENSOR_EQ(Discretization({.bin_boundaries = {0, 1, 2}})(x), constant({{0, 2, 3, 1}, {1, 3, 2, 1}}, int64));
  Discretization encoded({.bin_boundaries = {0, 1, 2}, .output_mode = "count"});
  CHECK_CLOSE(encoded(x), constant({{1.0, 1.0, 1.0, 1.0}, {0.0, 2.0, 1.0, 1.0}}));
  Discretization adapted({.num_bins = 4});
  CHECK_THROWS_TEXT(ValueError, "the layer has no bins yet", adapted(x));
  adapted.adapt(constant({3.0, 0.0, 1.0, 4.0, 2.0, 5.0, 7.0, 6.0, 8.0}));
  CHECK_CLOSE(adapted.bin_boundaries(), std::vector<double>{2, 4, 6});
  CHECK_TENSOR_EQ(adapted(constant({1.9, 2.0, 5.0, 100.0})), constant({0, 1, 2, 3}, int64));
  CHECK_THROWS_TEXT(ValueError, "expected either bin_boundaries or num_bins, received neither", Discretization({}));
  CHECK_THROWS_TEXT(ValueError, "received both", Discretization({.bin_boundaries = {1}, .num_bins = 2}));
  CHECK_THROWS_TEXT(ValueError, "in ascending order", Discretization({.bin_boundaries = {1, 0}}));
}

}  // namespace
}  // namespace xtape
