#include "xtape/core/creation.hpp"

#include <array>
#include <cmath>
#include <deque>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/indexing.hpp"

using namespace xtape;

TEST_CASE("creation: nested braces give shape, and literals the dtype") {
  const Tensor vector = constant({1.5, 2.5});
  CHECK(vector.dtype() == float32);
  CHECK(vector.shape() == Shape{2});
  CHECK(vector.to_vector<float>() == std::vector<float>{1.5, 2.5});
  const Tensor matrix = constant({{1, 2, 3}, {4, 5, 6}});
  CHECK(matrix.dtype() == int32);
  CHECK(matrix.shape() == Shape{2, 3});
  CHECK(matrix.to_vector<std::int32_t>() == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6});
  const Tensor four = constant({{{{1}, {2}}}, {{{3}, {4}}}, {{{5}, {6}}}});
  CHECK(four.shape() == Shape{3, 1, 2, 1});
  CHECK(four.to_vector<std::int32_t>() == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6});
  CHECK(constant({{{1.0, 2.0}}}).shape() == Shape{1, 1, 2});
  CHECK(constant({true, false}).dtype() == boolean);
  CHECK(constant({1.0f, 2.0f}).dtype() == float32);
  CHECK(constant(3).shape() == Shape{});
}

TEST_CASE("creation: a dtype may be given") {
  for (const DType dtype : {float32, float64, int32, int64, uint8, bfloat16}) {
    CAPTURE(name(dtype));
    const Tensor t = constant({{1, 2}, {3, 250}}, dtype);
    CHECK(t.dtype() == dtype);
    CHECK_CLOSE(t, {1.0, 2.0, 3.0, 250.0}, 0);
  }
  CHECK_TENSOR_EQ(constant({0, 2}, boolean), constant({false, true}));
  // Straight from double, not through float32.
  CHECK(constant({0.1}, float64).item() == 0.1);
  CHECK(constant(0.1, float64).item() == 0.1);
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  CHECK(constant({large}, int64).item<std::int64_t>() == large);
}

TEST_CASE("creation: braces around one number make a list, also where its type is named") {
  CHECK(constant({1.0}).shape() == Shape{1});
  CHECK(constant<double>({1.0}).shape() == Shape{1});
  CHECK_SAME_BITS(constant<double>({1.0}, float64), constant({1.0}, float64));
  CHECK_SAME_BITS(constant<double>({1, 2}, float64), constant({1.0, 2.0}, float64));
  CHECK_SAME_BITS(constant<bool>(3), constant(true));
  CHECK_SAME_BITS(constant<int>(2.5, {2}), constant({2, 2}));
}

TEST_CASE("creation: braces of unequal lengths are an error") {
  CHECK_THROWS_TEXT(ValueError, "[constant] the nested braces are not rectangular: expected 3 elements, received 2",
                    constant({{1, 2, 3}, {4, 5}}));
  CHECK_THROWS_TEXT(ValueError, "expected 1 elements, received 2", constant({{{1.0}, {2.0}}, {{3.0}, {4.0, 5.0}}}));
  CHECK_THROWS_TEXT(ValueError, "expected 2 elements, received 1", constant({{{1}, {2}}, {{3}}}));
}

TEST_CASE("creation: integers that do not fit are an error") {
  CHECK_THROWS_TEXT(ValueError, "[constant] 2147483648 does not fit into int32, pass another dtype",
                    constant({std::int64_t{1}, std::int64_t{2147483648}}));
  CHECK_THROWS_TEXT(ValueError, "256 does not fit into uint8", constant({1, 256}, uint8));
  CHECK_THROWS_TEXT(ValueError, "-1 does not fit into uint8", constant(-1, uint8));
  CHECK(constant(2147483647, int32).item<int>() == 2147483647);
}

TEST_CASE("creation: from vectors, spans and arrays") {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const Tensor t = constant(values, {2, 3});
  CHECK_TENSOR_EQ(t, constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}));
  CHECK_FALSE(static_cast<const void*>(t.data<float>().data()) == values.data());
  CHECK_TENSOR_EQ(constant(std::vector<std::int64_t>{7, 8}), constant({7, 8}, int64));
  CHECK_TENSOR_EQ(constant(std::span<const float>(values).subspan(4), {2}), constant({5.0, 6.0}));
  const std::array<std::uint8_t, 2> bytes{1, 255};
  CHECK_TENSOR_EQ(constant(std::span<const std::uint8_t>(bytes), {2, 1}), constant({{1}, {255}}, uint8));
  CHECK_TENSOR_EQ(constant(std::vector<double>{}, {0, 2}), zeros({0, 2}, float64));
  CHECK_THROWS_TEXT(ValueError, "[constant] shape (2, 2) has 4 elements, received 6", constant(values, {2, 2}));
}

TEST_CASE("creation: zeros, ones and full in every dtype") {
  for (const DType dtype : {float32, float64, int32, int64, uint8, boolean, bfloat16}) {
    CAPTURE(name(dtype));
    CHECK(zeros({2, 3}, dtype).dtype() == dtype);
    CHECK_CLOSE(zeros({3}, dtype), {0.0, 0.0, 0.0});
    CHECK_CLOSE(ones({2, 1}, dtype), {1.0, 1.0});
    CHECK_TENSOR_EQ(zeros_like(ones({2, 3}, dtype)), zeros({2, 3}, dtype));
    CHECK_TENSOR_EQ(ones_like(zeros({2, 3}, dtype)), ones({2, 3}, dtype));
    CHECK(full({}, 1, dtype).shape() == Shape{});
  }
  CHECK_CLOSE(full({2}, 0.1, float64), {0.1, 0.1}, 0);
  CHECK_TENSOR_EQ(full({2}, -7.9, int32), constant({-7, -7}));
  CHECK_TENSOR_EQ(full({2}, 1e10, int64), constant(std::vector<std::int64_t>{10000000000, 10000000000}));
  CHECK_TENSOR_EQ(full({1}, 0.5, boolean), constant({true}));
}

TEST_CASE("creation: eye") {
  CHECK_TENSOR_EQ(eye(2), constant({{1.0, 0.0}, {0.0, 1.0}}));
  CHECK_TENSOR_EQ(eye(2, 3, int32), constant({{1, 0, 0}, {0, 1, 0}}));
  CHECK_TENSOR_EQ(eye(3, 1), constant({{1.0}, {0.0}, {0.0}}));
  CHECK_TENSOR_EQ(eye(1, 2, boolean), constant({{true, false}}));
  CHECK(eye(0).shape() == Shape{0, 0});
  CHECK_THROWS_TEXT(ValueError, "sizes must not be negative", eye(-2));
}

TEST_CASE("creation: arange as NumPy's") {
  CHECK_TENSOR_EQ(arange(4), constant({0, 1, 2, 3}));
  CHECK_TENSOR_EQ(arange(2, 9, 3), constant({2, 5, 8}));
  CHECK_TENSOR_EQ(arange(2, 8, 3), constant({2, 5}));
  CHECK_TENSOR_EQ(arange(5, 0, -2), constant({5, 3, 1}));
  CHECK_TENSOR_EQ(arange(3, 3), zeros({0}, int32));
  CHECK_TENSOR_EQ(arange(3, 5, -1), zeros({0}, int32));
  CHECK_TENSOR_EQ(arange(0, 3, 1, float64), constant({0.0, 1.0, 2.0}, float64));
  CHECK_TENSOR_EQ(arange(3.0), constant({0.0, 1.0, 2.0}));
  CHECK_TENSOR_EQ(arange(0.0, 1.0, 0.25), constant({0.0, 0.25, 0.5, 0.75}));
  CHECK_TENSOR_EQ(arange(1.0, 0.0, -0.5), constant({1.0, 0.5}));
  CHECK_TENSOR_EQ(arange(0.0, -1.0, 0.5), zeros({0}));
  // The length is ceil((stop - start) / step), in double: NumPy's well-known one too many.
  CHECK(arange(1.0, 1.3, 0.1, float64).size() == 4);
  CHECK_TENSOR_EQ(arange(INT64_MAX - 1, INT64_MAX, std::int64_t{1}, int64), constant({INT64_MAX - 1}, int64));
  CHECK_TENSOR_EQ(arange(INT64_MIN, INT64_MAX, INT64_MAX, int64),
                  constant({INT64_MIN, std::int64_t{-1}, INT64_MAX - 1}, int64));
  CHECK_TENSOR_EQ(arange(INT64_MAX, INT64_MIN, INT64_MIN, int64), constant({INT64_MAX, std::int64_t{-1}}, int64));
}

TEST_CASE("creation: arange errors") {
  CHECK_THROWS_TEXT(ValueError, "[arange] the step must not be 0", arange(0, 5, 0));
  CHECK_THROWS_TEXT(ValueError, "[arange] the step must be finite and not 0, received 0", arange(0.0, 5.0, 0.0));
  CHECK_THROWS_TEXT(ValueError, "received nan", arange(0.0, 5.0, std::nan("")));
  CHECK_THROWS_TEXT(ValueError, "start and stop must be finite, received 0 and inf", arange(0.0, INFINITY * 1.0));
  CHECK_THROWS_TEXT(ValueError, "[arange] too many elements: from 0 to 1 by 1e-300", arange(0.0, 1.0, 1e-300));
  CHECK_THROWS_TEXT(ValueError, "too many elements", arange(-1e308, 1e308, 1.0));
  CHECK_THROWS_TEXT(ValueError, "[arange] 2999999999 does not fit into int32",
                    arange(std::int64_t{2999999999}, std::int64_t{3000000001}));
  CHECK_THROWS_TEXT(ValueError, "256 does not fit into uint8", arange(250, 257, 1, uint8));
  CHECK_THROWS_TEXT(ValueError, "-2 does not fit into uint8", arange(-2, 5, 1, uint8));
  CHECK_THROWS_TEXT(ValueError, "[Tensor] sizes", arange(INT64_MIN, INT64_MAX, std::int64_t{1}, int64));
}

TEST_CASE("creation: linspace as NumPy's") {
  CHECK_TENSOR_EQ(linspace(0, 1, 5), constant({0.0, 0.25, 0.5, 0.75, 1.0}));
  CHECK_TENSOR_EQ(linspace(2, -2, 3, int32), constant({2, 0, -2}));
  CHECK_TENSOR_EQ(linspace(3, 4, 1), constant({3.0}));
  CHECK_TENSOR_EQ(linspace(3, 4, 0), zeros({0}));
  // np.linspace(-1, 1, 4, dtype=int): rounded down, not towards zero.
  CHECK_TENSOR_EQ(linspace(-1, 1, 4, int64), constant({-1, -1, 0, 1}, int64));
  // The last element is the end itself: 0.7 = 7 * 0.1 is not, in double.
  const auto values = linspace(0, 0.7, 8, float64).to_vector<double>();
  CHECK(values.back() == 0.7);
  CHECK_CLOSE(values, {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, 1e-15);
  CHECK_THROWS_TEXT(ValueError, "[linspace] the count must not be negative, received -1", linspace(0, 1, -1));
}

TEST_CASE("creation: one_hot as TensorFlow's") {
  CHECK_TENSOR_EQ(one_hot(constant({0, 2}), 3), constant({{1.0, 0.0, 0.0}, {0.0, 0.0, 1.0}}));
  CHECK_TENSOR_EQ(one_hot(constant({-1, 3, 1}, int64), 3),
                  constant({{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}, {0.0, 1.0, 0.0}}));
  CHECK_TENSOR_EQ(one_hot(constant({{0}, {1}}, uint8), 2, int32, 5, -1), constant({{{5, -1}}, {{-1, 5}}}));
  CHECK_TENSOR_EQ(one_hot(constant(1), 2, bfloat16), constant({0.0, 1.0}, bfloat16));
  CHECK(one_hot(zeros({2, 0}, int32), 4).shape() == Shape{2, 0, 4});
  CHECK(one_hot(constant({0, 1}), 0).shape() == Shape{2, 0});
  CHECK_THROWS_TEXT(TypeError, "[one_hot] expected integer indices, received float32", one_hot(constant({1.0}), 3));
  CHECK_THROWS_TEXT(TypeError, "received bool", one_hot(constant({true}), 3));
  CHECK_THROWS_TEXT(ValueError, "[one_hot] the depth must not be negative, received -1", one_hot(constant({1}), -1));
}

TEST_CASE("creation: braces of mixed numbers") {
  CHECK_TENSOR_EQ(constant({1, 2.5}), constant({1.0, 2.5}));
  CHECK(constant({1, 2.5}).dtype() == float32);
  CHECK_TENSOR_EQ(constant({{1, 2.5}, {3, 4}}), constant({{1.0, 2.5}, {3.0, 4.0}}));
  CHECK(constant({true, 2}).dtype() == int32);
  CHECK(constant({true, false}).dtype() == boolean);
  CHECK_TENSOR_EQ(constant({std::int64_t{1}, 2}), constant({1, 2}));
  CHECK_TENSOR_EQ(constant({}), zeros({0}));
  CHECK(constant({{{{{1, 2}}}}}).shape() == Shape{1, 1, 1, 1, 2});
  CHECK(constant({{{1}}, {{2}}}).shape() == Shape{2, 1, 1});
  CHECK_TENSOR_EQ(constant({1, 2, 3, 4.5}, {2, 2}), constant({{1.0, 2.0}, {3.0, 4.5}}));
  CHECK_TENSOR_EQ(constant({1, 2}, {2, 1}, "float64"), constant({{1.0}, {2.0}}, float64));
  CHECK_TENSOR_EQ(constant(5, {2, 3}), full({2, 3}, 5, int32));
  CHECK_TENSOR_EQ(constant(0.1, {2}, float64), constant({0.1, 0.1}, float64));
  CHECK_THROWS_TEXT(ValueError, "[constant] the nested braces are not rectangular: expected 2 elements, received 1",
                    constant({{1, 2}, 3}));
  CHECK_THROWS_TEXT(ValueError, "[constant] the nested braces are not rectangular: expected 1 elements, received 2",
                    constant({3, {1, 2}}));
  CHECK_THROWS_TEXT(ValueError, "[constant] shape (3,) has 3 elements, received 2", constant({1, 2}, {3}));
}

TEST_CASE("creation: from everything that holds numbers") {
  const float rows[2][3] = {{1, 2, 3}, {4, 5, 6}};
  const Tensor expected = constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  CHECK_TENSOR_EQ(constant(rows), expected);
  CHECK_TENSOR_EQ(constant(rows[1]), expected[1]);
  CHECK_TENSOR_EQ(constant(std::array<std::array<float, 3>, 2>{{{1, 2, 3}, {4, 5, 6}}}), expected);
  CHECK_TENSOR_EQ(constant(std::vector<std::vector<float>>{{1, 2, 3}, {4, 5, 6}}), expected);
  CHECK_TENSOR_EQ(constant(std::vector<std::array<float, 3>>{{1, 2, 3}, {4, 5, 6}}), expected);
  CHECK_TENSOR_EQ(constant(std::array{1.5, 2.5}), constant({1.5, 2.5}, float64));
  CHECK_TENSOR_EQ(constant(std::deque<int>{1, 2}), constant({1, 2}));
  CHECK_TENSOR_EQ(constant(std::initializer_list<int>{1, 2}), constant({1, 2}));
  std::vector<float> writable{1, 2};
  CHECK_TENSOR_EQ(constant(std::span(writable)), constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(constant(std::span<float, 2>(writable)), constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(constant(std::vector<bool>{true, false, true}), constant({true, false, true}));
  CHECK_TENSOR_EQ(constant(std::vector<std::vector<bool>>{{true}, {false}}), constant({{true}, {false}}));
  CHECK_TENSOR_EQ(constant(Shape{2, 3}), constant({2, 3}, int64));
  CHECK_TENSOR_EQ(constant(std::vector<float>{2}, {}), constant(2.0));
  CHECK_THROWS_TEXT(ValueError, "[constant] the nested braces are not rectangular: expected 2 elements, received 1",
                    constant(std::vector<std::vector<int>>{{1, 2}, {3}}));
}

TEST_CASE("creation: types that no dtype has become the next larger one") {
  CHECK(constant(std::vector<std::int8_t>{1}).dtype() == int32);
  CHECK(constant(std::vector<short>{-1}).item<int>() == -1);
  CHECK(constant(std::vector<std::uint16_t>{65535}).item<int>() == 65535);
  CHECK_TENSOR_EQ(constant(std::vector<std::uint32_t>{4294967295}), constant({4294967295}, int64));
  CHECK_TENSOR_EQ(constant(std::vector<std::size_t>{1, 2}), constant({1, 2}, int64));
  CHECK(constant(std::vector<long long>{1}).dtype() == int64);
  CHECK(constant(std::vector<long double>{0.1L}).item() == 0.1);
  CHECK_THROWS_TEXT(ValueError, "[constant] 18446744073709551615 does not fit into int64",
                    constant(std::vector<std::uint64_t>{18446744073709551615U}));
}

TEST_CASE("creation: numbers of one type as another dtype") {
  const std::vector<int> labels{0, 255};
  CHECK_TENSOR_EQ(constant(labels, uint8), constant({0, 255}, uint8));
  CHECK_TENSOR_EQ(constant(labels, {2, 1}, float32), constant({{0.0}, {255.0}}));
  CHECK_TENSOR_EQ(constant(std::vector<double>{0.5}, "float32"), constant({0.5}));
  CHECK_THROWS_TEXT(ValueError, "[constant] 256 does not fit into uint8", constant(std::vector<int>{256}, uint8));
  CHECK_THROWS_TEXT(ValueError, "[constant] 4294967296 does not fit into int32",
                    constant(std::vector<std::int64_t>{4294967296}, int32));
  CHECK_TENSOR_EQ(full_like(constant({1, 2}), 3), constant({3, 3}));
  CHECK_TENSOR_EQ(full_like(constant({1, 2}), 0.5, float64), constant({0.5, 0.5}, float64));
  CHECK(zeros({2}, "int32").dtype() == int32);
}
