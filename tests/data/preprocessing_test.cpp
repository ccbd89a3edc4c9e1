#include "xtape/data/preprocessing.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using utils::normalize;
using utils::pad_sequences;
using utils::to_categorical;

TEST_CASE("to_categorical: Keras's example, inferred classes, shapes") {
  CHECK_TENSOR_EQ(to_categorical(constant({0, 1, 2, 3}), 4), eye(4));
  CHECK_TENSOR_EQ(to_categorical(constant({1, 3})), constant({{0.0, 1.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 1.0}}));
  CHECK_TENSOR_EQ(to_categorical(constant({1, 3}), 5),
                  constant({{0.0, 1.0, 0.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 1.0, 0.0}}));
  CHECK_TENSOR_EQ(to_categorical(constant({{0}, {1}}), 2), eye(2));
  CHECK(to_categorical(zeros({2, 3}, int32), 4).shape() == Shape{2, 3, 4});
  CHECK(to_categorical(zeros({1}, uint8), 4).shape() == Shape{1, 4});
  CHECK_TENSOR_EQ(to_categorical(constant(2, int64), 3), constant({0.0, 0.0, 1.0}));
  CHECK_TENSOR_EQ(to_categorical(constant({1.0, 0.0})), constant({{0.0, 1.0}, {1.0, 0.0}}));
  CHECK(to_categorical(zeros({0}, int32), 3).shape() == Shape{0, 3});
}

TEST_CASE("to_categorical: what it cannot take") {
  CHECK_THROWS_TEXT(ValueError, "[to_categorical] expected class numbers from 0 to 2, received 3 at index 1",
                    to_categorical(constant({1, 3}), 3));
  CHECK_THROWS_TEXT(ValueError, "[to_categorical] expected class numbers from 0 to 3, received -1 at index 0",
                    to_categorical(constant({-1, 3})));
  CHECK_THROWS_TEXT(ValueError, "[to_categorical] expected num_classes for (0,) numbers",
                    to_categorical(zeros({0}, int32)));
  CHECK_THROWS_TEXT(ValueError, "[to_categorical] expected num_classes of at least 1, received 0",
                    to_categorical(constant({1}), 0));
}

TEST_CASE("normalize: closed forms") {
  const Tensor x = constant({{3.0, -4.0}, {0.0, 0.0}, {5.0, 12.0}}, float64);
  CHECK_CLOSE(normalize(x), {0.6, -0.8, 0, 0, 5.0 / 13, 12.0 / 13}, 1e-15);
  CHECK_CLOSE(normalize(x, 1, 1), {3.0 / 7, -4.0 / 7, 0, 0, 5.0 / 17, 12.0 / 17}, 1e-15);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_CLOSE(normalize(x, -1, infinity), {0.75, -1, 0, 0, 5.0 / 12, 1}, 1e-15);
  CHECK_CLOSE(normalize(x, -1, -infinity), {1, -4.0 / 3, 0, 0, 1, 12.0 / 5}, 1e-15);
  CHECK_CLOSE(normalize(x, 0, 0), {1.5, -2, 0, 0, 2.5, 6}, 1e-15);
  CHECK_CLOSE(normalize(constant({{1.0, 2.0}}), -1, 3), {1 / std::cbrt(9.0), 2 / std::cbrt(9.0)});
  const Tensor cube = constant({{{3.0, 1.0}, {4.0, 0.0}}});  // along the middle axis
  CHECK_CLOSE(normalize(cube, 1), {0.6, 1, 0.8, 0});
  CHECK(normalize(x).dtype() == float64);
  CHECK(normalize(constant({3, 4})).dtype() == float32);
  CHECK_CLOSE(normalize(constant({3, 4})), {0.6, 0.8});
  CHECK(normalize(constant({3.0, 4.0}, bfloat16)).dtype() == bfloat16);
  CHECK(normalize(zeros({2, 0})).shape() == Shape{2, 0});
}

TEST_CASE("normalize: what it cannot take") {
  CHECK_THROWS_TEXT(ValueError, "[normalize] expected an array, received a scalar", normalize(constant(1.0)));
  CHECK_THROWS_AS(normalize(zeros({2}), 1), IndexError);
  CHECK_THROWS_TEXT(ValueError, "[normalize] expected an order, received nan", normalize(zeros({2}), 0, std::nan("")));
}

TEST_CASE("pad_sequences: Keras's examples") {
  CHECK_TENSOR_EQ(pad_sequences({{1}, {2, 3}, {4, 5, 6}}), constant({{0, 0, 1}, {0, 2, 3}, {4, 5, 6}}));
  CHECK_TENSOR_EQ(pad_sequences({{1}, {2, 3}, {4, 5, 6}}, {.value = -1}),
                  constant({{-1, -1, 1}, {-1, 2, 3}, {4, 5, 6}}));
  CHECK_TENSOR_EQ(pad_sequences({{1}, {2, 3}, {4, 5, 6}}, {.padding = "post"}),
                  constant({{1, 0, 0}, {2, 3, 0}, {4, 5, 6}}));
  CHECK_TENSOR_EQ(pad_sequences({{1}, {2, 3}, {4, 5, 6}}, {.maxlen = 2}), constant({{0, 1}, {2, 3}, {5, 6}}));
}

TEST_CASE("pad_sequences: other sides, lengths and dtypes") {
  CHECK_TENSOR_EQ(pad_sequences({{1}, {4, 5, 6}}, {.maxlen = 2, .truncating = "post"}), constant({{0, 1}, {4, 5}}));
  CHECK_TENSOR_EQ(pad_sequences({{}, {7}}, {.maxlen = 2, .padding = "post"}), constant({{0, 0}, {7, 0}}));
  CHECK_TENSOR_EQ(pad_sequences({{1}}, {.maxlen = 2, .dtype = float32, .value = 0.5}), constant({{0.5, 1.0}}));
  CHECK_TENSOR_EQ(pad_sequences(std::vector<std::vector<double>>{{1.5}, {2, 3}}, {.dtype = float64}),
                  constant({{0.0, 1.5}, {2.0, 3.0}}, float64));
  const std::int64_t large = std::int64_t{1} << 60;
  CHECK_TENSOR_EQ(pad_sequences(std::vector<std::vector<std::int64_t>>{{large + 1}}, {.dtype = int64}),
                  constant({{large + 1}}, int64));
  CHECK(pad_sequences(data::Sequences{}).shape() == Shape{0, 0});
  CHECK(pad_sequences({{}, {}}, {.maxlen = 3}).shape() == Shape{2, 3});
  CHECK_THROWS_TEXT(ValueError, "[pad_sequences] expected \"pre\" or \"post\", received \"left\"",
                    pad_sequences({{1}}, {.padding = "left"}));
  CHECK_THROWS_TEXT(ValueError, "[pad_sequences] expected \"pre\" or \"post\", received \"\"",
                    pad_sequences({{1}}, {.truncating = ""}));
  CHECK_THROWS_TEXT(ValueError, "[pad_sequences] expected maxlen of at least 1, received 0",
                    pad_sequences({{1}}, {.maxlen = 0}));
}
