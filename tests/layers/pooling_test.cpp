#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/average_pooling2d.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/pooling1d.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

using layers::AveragePooling1D, layers::AveragePooling2D, layers::GlobalAveragePooling1D,
    layers::GlobalAveragePooling2D, layers::GlobalMaxPooling1D, layers::GlobalMaxPooling2D, layers::MaxPooling1D,
    layers::MaxPooling2D;

const testing::WrongInputs flat = {
    {{2, 10}},
    "Input 0 of layer \"the_layer\" is incompatible with the layer: expected ndim=4, found ndim=2. Full shape "
    "received: (2, 10)"};
const testing::WrongInputs flat_steps = {{{2, 10}}, "expected ndim=3, found ndim=2. Full shape received: (2, 10)"};

const testing::LayerTable pooling_table = {
    {.layer = "MaxPooling2D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return MaxPooling2D(2, {.strides = 1}); },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 3, 4, 2}},
     .wrong = {flat}},
    {.layer = "MaxPooling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return MaxPooling1D(); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 2, 3}},
     .wrong = {flat_steps}},
    {.layer = "AveragePooling2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return AveragePooling2D({2, 3}, {.strides = Size2d(1, 2), .padding = "same"});
         },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 4, 3, 2}},
     .wrong = {flat}},
    {.layer = "AveragePooling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return AveragePooling1D(3, {.strides = 2}); },
     .inputs = {{.shape = {2, 6, 3}}},
     .outputs = {{2, 2, 3}},
     .wrong = {flat_steps}},
    {.layer = "GlobalAveragePooling1D",
     .masks = testing::Masks::uses,
     .make = [](DType) { return GlobalAveragePooling1D(); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 3}},
     .wrong = {flat_steps}},
    {.layer = "GlobalAveragePooling2D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return GlobalAveragePooling2D({.keepdims = true}); },
     .inputs = {{.shape = {2, 4, 5, 3}}},
     .outputs = {{2, 1, 1, 3}},
     .wrong = {flat}},
    {.layer = "GlobalMaxPooling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return GlobalMaxPooling1D({.keepdims = true}); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 1, 3}},
     .wrong = {flat_steps}},
    {.layer = "GlobalMaxPooling2D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return GlobalMaxPooling2D(); },
     .inputs = {{.shape = {2, 4, 5, 3}}},
     .outputs = {{2, 3}},
     .wrong = {flat}},
};

TEST_CASE("pooling layers: what holds for every layer") { testing::check_layers(pooling_table); }

const Tensor steps = constant({{{1.0}, {2.0}, {3.0}, {4.0}, {5.0}}});
const Tensor image = reshape(arange(1.0, 10.0), {1, 3, 3, 1});

TEST_CASE("MaxPooling1D, AveragePooling1D: the examples of Keras's docs") {
  CHECK_CLOSE(MaxPooling1D(2, {.strides = 1})(steps), {2, 3, 4, 5});
  CHECK_CLOSE(MaxPooling1D(2, {.strides = 2})(steps), {2, 4});
  CHECK_CLOSE(MaxPooling1D(2, {.strides = 1, .padding = "same"})(steps), {2, 3, 4, 5, 5});
  CHECK_CLOSE(AveragePooling1D(2, {.strides = 1})(steps), {1.5, 2.5, 3.5, 4.5});
  CHECK_CLOSE(AveragePooling1D(2)(steps), {1.5, 3.5});
  CHECK_CLOSE(AveragePooling1D(2, {.strides = 1, .padding = "same"})(steps), {1.5, 2.5, 3.5, 4.5, 5});
}

TEST_CASE("AveragePooling2D: the examples of Keras's docs") {
  CHECK_CLOSE(AveragePooling2D(2, {.strides = 1})(image), {3, 4, 6, 7});
  CHECK_CLOSE(AveragePooling2D(2)(image), {3});
  CHECK_CLOSE(AveragePooling2D(2, {.strides = 1, .padding = "same"})(image), {3, 4, 4.5, 6, 7, 7.5, 7.5, 8.5, 9});
}

TEST_CASE("global pooling layers: by hand") {
  const Tensor x = constant({{{1.0, -1.0}, {2.0, -2.0}, {6.0, -3.0}}});
  CHECK_CLOSE(GlobalAveragePooling1D()(x), {3, -2});
  CHECK_CLOSE(GlobalMaxPooling1D()(x), {6, -1});
  CHECK_CLOSE(GlobalAveragePooling2D()(image), {5});
  CHECK_CLOSE(GlobalMaxPooling2D()(image), {9});
}

TEST_CASE("pooling layers: numbers below 1 are refused") {
  CHECK_THROWS_TEXT(ValueError, "[MaxPooling1D] expected a positive pool_size, received 0", MaxPooling1D(0));
  CHECK_THROWS_TEXT(ValueError, "[AveragePooling1D] expected a positive strides, received -1",
                    AveragePooling1D(2, {.strides = -1}));
  CHECK_THROWS_TEXT(ValueError, "[AveragePooling2D] expected a positive pool_size, received (0, 2)",
                    AveragePooling2D({0, 2}));
}

}  // namespace
}  // namespace xtape
