#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/cropping.hpp"
#include "xtape/layers/permute.hpp"
#include "xtape/layers/repeat_vector.hpp"
#include "xtape/layers/reshape.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/layers/upsampling.hpp"
#include "xtape/layers/zero_padding.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

using layers::Cropping1D, layers::Cropping2D, layers::Permute, layers::RepeatVector, layers::Reshape,
    layers::UpSampling1D, layers::UpSampling2D, layers::ZeroPadding1D, layers::ZeroPadding2D;

const testing::WrongInputs flat = {{{2, 10}}, "expected ndim=4, found ndim=2. Full shape received: (2, 10)"};
const testing::WrongInputs flat_steps = {{{2, 10}}, "expected ndim=3, found ndim=2. Full shape received: (2, 10)"};

const testing::LayerTable reshaping_table = {
    {.layer = "Reshape",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return Reshape({-1, 2, 2});
         },
     .inputs = {{.shape = {2, 12}}},
     .outputs = {{2, 3, 2, 2}},
     .wrong =
         {{{{2, 10}},
           "The total size of the tensor must be unchanged. Received: input_shape=(2, 10), target_shape=(-1, 2, 2)"},
          {{{}}, "expected min_ndim=1"}}},
    {.layer = "Reshape",
     .masks = testing::Masks::drops,
     .make = [](DType) { return Reshape({6}); },
     .inputs = {{.shape = {2, 3, 2}}},
     .outputs = {{2, 6}},
     .wrong = {{{{2, 3}}, "The total size of the tensor must be unchanged"}}},
    {.layer = "Permute",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return Permute({3, 1, 2});
         },
     .inputs = {{.shape = {2, 3, 4, 5}}},
     .outputs = {{2, 5, 3, 4}},
     .wrong = {flat}},
    {.layer = "RepeatVector",
     .masks = testing::Masks::drops,
     .make = [](DType) { return RepeatVector(3); },
     .inputs = {{.shape = {2, 4}}},
     .outputs = {{2, 3, 4}},
     .wrong = {{{{2, 3, 4}}, "expected ndim=2, found ndim=3"}}},
    {.layer = "ZeroPadding1D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return ZeroPadding1D({1, 2});
         },
     .inputs = {{.shape = {2, 3, 2}}},
     .outputs = {{2, 6, 2}},
     .wrong = {flat_steps}},
    {.layer = "ZeroPadding2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return ZeroPadding2D({{1, 0}, {2, 3}});
         },
     .inputs = {{.shape = {2, 3, 4, 2}}},
     .outputs = {{2, 4, 9, 2}},
     .wrong = {flat}},
    {.layer = "Cropping1D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return Cropping1D({1, 2});
         },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 2, 3}},
     .wrong = {flat_steps, {{{2, 3, 3}}, "Values in `cropping` argument should be smaller than"}}},
    {.layer = "Cropping2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return Cropping2D({{1, 0}, {2, 1}});
         },
     .inputs = {{.shape = {2, 4, 5, 3}}},
     .outputs = {{2, 3, 2, 3}},
     .wrong = {flat}},
    {.layer = "UpSampling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return UpSampling1D(3); },
     .inputs = {{.shape = {2, 2, 3}}},
     .outputs = {{2, 6, 3}},
     .wrong = {flat_steps}},
    {.layer = "UpSampling2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return UpSampling2D({2, 3});
         },
     .inputs = {{.shape = {2, 2, 3, 2}}},
     .outputs = {{2, 4, 9, 2}},
     .wrong = {flat}},
    {.layer = "UpSampling2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return UpSampling2D({3, 2}, {.interpolation = "bilinear"});
         },
     .inputs = {{.shape = {2, 2, 3, 2}}},
     .outputs = {{2, 6, 6, 2}},
     .wrong = {flat}},
};

TEST_CASE("reshaping layers: what holds for every layer") { testing::check_layers(reshaping_table); }

TEST_CASE("Reshape, Permute, RepeatVector: elements and what cannot be") {
  const Tensor x = constant({{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}});
  CHECK_TENSOR_EQ(Reshape({3, -1})(x), constant({{{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}}));
  CHECK_TENSOR_EQ(Permute({2, 1})(x), constant({{{1.0, 4.0}, {2.0, 5.0}, {3.0, 6.0}}}));
  CHECK_TENSOR_EQ(RepeatVector(2)(constant({{1.0, 2.0}})), constant({{{1.0, 2.0}, {1.0, 2.0}}}));
  // Keras's docs: Reshape((-1, 2, 2)) of (None, 12) is (None, 3, 2, 2)
  CHECK(Reshape({-1, 2, 2})(Input({12})).shape() == Shape{-1, 3, 2, 2});
  CHECK_THROWS_TEXT(ValueError, "[Reshape] expected sizes of 0 or more, one of which may be -1, received (-1, -1)",
                    Reshape({-1, -1}));
  CHECK_THROWS_TEXT(ValueError, "must be consecutive and start from 1. Received dims=(0, 1)", Permute({0, 1}));
  CHECK_THROWS_TEXT(ValueError, "[RepeatVector] expected a positive n, received 0", RepeatVector(0));
}

TEST_CASE("ZeroPadding, Cropping: elements and what cannot be") {
  const Tensor steps = constant({{{1.0, 2.0}, {3.0, 4.0}}});
  CHECK_TENSOR_EQ(ZeroPadding1D()(steps), constant({{{0.0, 0.0}, {1.0, 2.0}, {3.0, 4.0}, {0.0, 0.0}}}));
  CHECK_TENSOR_EQ(Cropping1D()(ZeroPadding1D()(steps)), steps);
  const Tensor image = constant({{{{1.0}, {2.0}}, {{3.0}, {4.0}}}});
  CHECK_CLOSE(ZeroPadding2D()(image), {0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0});
  CHECK(ZeroPadding2D({1, 2})(image).shape() == Shape{1, 4, 6, 1});
  CHECK_CLOSE(ZeroPadding2D({{0, 1}, {1, 0}})(image), {0, 1, 2, 0, 3, 4, 0, 0, 0});
  CHECK_TENSOR_EQ(Cropping2D()(image), image);
  CHECK_CLOSE(Cropping2D({{1, 0}, {0, 1}})(image), {3});
  CHECK_THROWS_TEXT(ValueError, "`padding` cannot be negative. Received: padding=(-1, 2)", ZeroPadding1D({-1, 2}));
  CHECK_THROWS_TEXT(ValueError, "`cropping` cannot be negative. Received: cropping=(-1, -1)", Cropping2D(-1));
  CHECK_THROWS_TEXT(ValueError, "Received: input_shape=(1, 2, 2, 1), cropping=(1, 1) of axis 1", Cropping2D(1)(image));
}

TEST_CASE("UpSampling: the examples of Keras's docs, and bilinear as tf.image.resize") {
  const Tensor x = cast(reshape(arange(12), {2, 2, 1, 3}), float32);
  CHECK_CLOSE(UpSampling2D({1, 2})(x), {0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 8, 6, 7, 8, 9, 10, 11, 9, 10, 11});
  CHECK_CLOSE(UpSampling1D()(constant({{{0.0, 1.0}, {2.0, 3.0}}})), {0, 1, 0, 1, 2, 3, 2, 3});
  // At -0.25, 0.25, 0.75 and 1.25 between 1 and 5.
  const Tensor two = constant({{{{1.0}, {5.0}}}});
  CHECK_CLOSE(UpSampling2D({1, 2}, {.interpolation = "bilinear"})(two), {1, 2, 4, 5});
  // PyTorch's docs of nn.Upsample(scale_factor=2, mode='bilinear') of 1 2 3 4
  const Tensor square = constant({{{{1.0}, {2.0}}, {{3.0}, {4.0}}}});
  CHECK_CLOSE(UpSampling2D(2, {.interpolation = "bilinear"})(square),
              {1.0, 1.25, 1.75, 2.0, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3.0, 3.25, 3.75, 4.0});
  CHECK_THROWS_TEXT(ValueError, "[UpSampling2D] unknown interpolation 'cubic', expected one of: nearest, bilinear",
                    UpSampling2D(2, {.interpolation = "cubic"}));
  CHECK_THROWS_TEXT(ValueError, "[UpSampling1D] expected a positive size, received 0", UpSampling1D(0));
}

}  // namespace
}  // namespace xtape
