#include "xtape/layers/max_pooling2d.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

const Tensor image = reshape(arange(1.0, 28.0), {1, 3, 3, 3});

TEST_CASE("MaxPooling2D: TensorFlow's values") {
  CHECK_CLOSE(layers::MaxPooling2D()(image), {13, 14, 15});
  CHECK_CLOSE(layers::MaxPooling2D(2, {.padding = "same"})(image), {13, 14, 15, 16, 17, 18, 22, 23, 24, 25, 26, 27});
  CHECK(layers::MaxPooling2D({2, 1}, {.strides = 1})(image).shape() == Shape{1, 2, 3, 3});
  CHECK(layers::MaxPooling2D(2)(zeros({0, 4, 4, 1})).shape() == Shape{0, 2, 2, 1});
}

TEST_CASE("MaxPooling2D: no weights, and what cannot be is refused") {
  layers::MaxPooling2D layer;
  (void)layer(image);
  CHECK(layer.variables().empty());
  CHECK_THROWS_TEXT(ValueError, "[MaxPooling2D] expected a positive pool_size, received (0, 2)",
                    layers::MaxPooling2D({0, 2}));
  CHECK_THROWS_TEXT(ValueError, "[MaxPooling2D] expected a positive strides, received (1, -1)",
                    layers::MaxPooling2D(2, {.strides = Size2d(1, -1)}));
  CHECK_THROWS_TEXT(ValueError,
                    "[MaxPooling2D] Input 0 of layer \"max_pooling2d\" is incompatible with the layer: expected "
                    "ndim=4, found ndim=1. Full shape received: (3,)",
                    layer(ones({3})));
}

}  // namespace
}  // namespace xtape
