#include <algorithm>
#include <cmath>
#include <vector>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/adaptive_pooling.hpp"
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
    {.layer = "AdaptiveAveragePooling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::AdaptiveAveragePooling1D(3); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 3, 3}},
     .wrong = {flat_steps}},
    {.layer = "AdaptiveAveragePooling2D",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return layers::AdaptiveAveragePooling2D({3, 2});
         },
     .inputs = {{.shape = {2, 5, 4, 2}}},
     .outputs = {{2, 3, 2, 2}},
     .wrong = {flat}},
    {.layer = "AdaptiveAveragePooling3D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::AdaptiveAveragePooling3D({2, 3, 4}); },
     .inputs = {{.shape = {1, 3, 4, 2, 2}}},
     .outputs = {{1, 2, 3, 4, 2}},
     .wrong = {{{{2, 4, 4, 2}}, "expected ndim=5, found ndim=4"}}},
    {.layer = "AdaptiveMaxPooling1D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::AdaptiveMaxPooling1D(3); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 3, 3}},
     .wrong = {flat_steps}},
    {.layer = "AdaptiveMaxPooling2D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::AdaptiveMaxPooling2D({3, 2}); },
     .inputs = {{.shape = {2, 5, 4, 2}}},
     .outputs = {{2, 3, 2, 2}},
     .wrong = {flat}},
    {.layer = "AdaptiveMaxPooling3D",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::AdaptiveMaxPooling3D({2, 3, 4}); },
     .inputs = {{.shape = {1, 3, 4, 2, 2}}},
     .outputs = {{1, 2, 3, 4, 2}},
     .wrong = {{{{2, 4, 4, 2}}, "expected ndim=5, found ndim=4"}}},
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

/// The windows of adaptive pooling by their definition, one after the other.
std::vector<double> pooled_by_definition(const std::vector<double>& x, std::int64_t size, bool max) {
  std::vector<double> y;
  const auto n = static_cast<double>(x.size());
  for (std::int64_t i = 0; i < size; ++i) {
    const auto begin = static_cast<std::size_t>(std::floor(static_cast<double>(i) * n / static_cast<double>(size)));
    const auto end = static_cast<std::size_t>(std::ceil(static_cast<double>(i + 1) * n / static_cast<double>(size)));
    double sum = 0, largest = -1e9;
    for (std::size_t k = begin; k < end; ++k) {
      sum += x[k];
      largest = std::max(largest, x[k]);
    }
    y.push_back(max ? largest : sum / static_cast<double>(end - begin));
  }
  return y;
}

TEST_CASE("adaptive pooling: the windows of each size, by their definition") {
  for (std::int64_t n = 1; n <= 12; ++n) {
    std::vector<double> x;
    for (std::int64_t i = 0; i < n; ++i) x.push_back(std::sin(static_cast<double>(i) * 2.3));
    const Tensor sequence = constant(x, {1, n, 1});
    for (std::int64_t size = 1; size <= 14; ++size) {
      CAPTURE(n);
      CAPTURE(size);
      CHECK_CLOSE(layers::AdaptiveAveragePooling1D(size)(sequence), pooled_by_definition(x, size, false), 1e-6, 1e-9);
      CHECK_CLOSE(layers::AdaptiveMaxPooling1D(size)(sequence), pooled_by_definition(x, size, true), 1e-6, 1e-9);
    }
  }
}

TEST_CASE("adaptive pooling: by hand, of images and volumes") {
  // Rows 1 2 3, 4 5 6, 7 8 9 in four overlapping windows of two by two.
  CHECK_CLOSE(layers::AdaptiveAveragePooling2D(2)(image), {3, 4, 6, 7});
  CHECK_CLOSE(layers::AdaptiveMaxPooling2D(2)(image), {5, 6, 8, 9});
  CHECK_CLOSE(layers::AdaptiveAveragePooling2D({1, 3})(image), {4, 5, 6});
  CHECK_CLOSE(layers::AdaptiveMaxPooling2D({3, 1})(image), {3, 6, 9});
  const Tensor volume = reshape(arange(1.0, 28.0), {1, 3, 3, 3, 1});
  CHECK_CLOSE(layers::AdaptiveMaxPooling3D(2)(volume), {14, 15, 17, 18, 23, 24, 26, 27});
  CHECK_CLOSE(layers::AdaptiveAveragePooling3D(2)(volume), {7.5, 8.5, 10.5, 11.5, 16.5, 17.5, 19.5, 20.5});
  CHECK_CLOSE(layers::AdaptiveAveragePooling3D({1, 1, 3})(volume), {13, 14, 15});
}

TEST_CASE("pooling layers: numbers below 1 are refused") {
  CHECK_THROWS_TEXT(ValueError, "[MaxPooling1D] expected a positive pool_size, received 0", MaxPooling1D(0));
  CHECK_THROWS_TEXT(ValueError, "[AveragePooling1D] expected a positive strides, received -1",
                    AveragePooling1D(2, {.strides = -1}));
  CHECK_THROWS_TEXT(ValueError, "[AveragePooling2D] expected a positive pool_size, received (0, 2)",
                    AveragePooling2D({0, 2}));
  CHECK_THROWS_TEXT(ValueError, "[AdaptiveMaxPooling2D] expected a positive output_size, received 0",
                    layers::AdaptiveMaxPooling2D({2, 0}));
  CHECK_THROWS_TEXT(ValueError, "[AdaptiveAveragePooling1D] expected an input with elements to pool",
                    layers::AdaptiveAveragePooling1D(2)(zeros({2, 0, 3})));
}

}  // namespace
}  // namespace xtape
