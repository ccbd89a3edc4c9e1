#include "core/convert.hpp"

#include <cmath>
#include <limits>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using detail::convert;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
const DType all_dtypes[] = {float32, float64, int32, int64, uint8, boolean, bfloat16};

}  // namespace

TEST_CASE("convert: small numbers survive every pair of dtypes") {
  for (const DType from : all_dtypes) {
    for (const DType to : all_dtypes) {
      CAPTURE(name(from));
      CAPTURE(name(to));
      const Tensor t = convert(constant({0.0, 1.0, 100.0}, from), to);
      CHECK(t.dtype() == to);
      CHECK_CLOSE(t, {0.0, 1.0, from == boolean || to == boolean ? 1.0 : 100.0}, 0);
    }
  }
}

TEST_CASE("convert: floating to integer truncates, saturates and takes NaN to 0") {
  const Tensor t = constant({1.9, -1.9, 0.5, -0.5, 1e30, -1e30, infinity, -infinity, not_a_number}, float64);
  for (const DType from : {float32, float64, bfloat16}) {
    CAPTURE(name(from));
    const Tensor x = convert(t, from);
    CHECK_TENSOR_EQ(convert(x, int32), constant({1, -1, 0, 0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0}));
    CHECK_TENSOR_EQ(convert(x, int64), constant({std::int64_t{1}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{0},
                                                 INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, std::int64_t{0}},
                                                int64));
    CHECK_TENSOR_EQ(convert(x, uint8), constant({1, 0, 0, 0, 255, 0, 255, 0, 0}, uint8));
  }
}

TEST_CASE("convert: the numbers next to an integer type's limits") {
  const Tensor t =
      constant({2147483647.0, 2147483646.5, 2147483648.0, -2147483648.0, -2147483648.5, -2147483649.0}, float64);
  CHECK_TENSOR_EQ(convert(t, int32), constant({INT32_MAX, INT32_MAX - 1, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN}));
  // The float32 below 2^31 and the float64 below 2^63 are the last that fit.
  CHECK_TENSOR_EQ(convert(constant({2147483520.0, 2147483648.0}), int32), constant({2147483520, INT32_MAX}));
  CHECK_TENSOR_EQ(convert(constant({0x1.fffffffffffffp62, 0x1p63, -0x1p63}, float64), int64),
                  constant({INT64_MAX - 1023, INT64_MAX, INT64_MIN}, int64));
  CHECK_TENSOR_EQ(convert(constant({255.0, 255.5, 256.0, -0.5}), uint8), constant({255, 255, 255, 0}, uint8));
}

TEST_CASE("convert: to bool is whether it is not zero") {
  CHECK_TENSOR_EQ(convert(constant({0.0, -0.0, 0.25, not_a_number, -infinity}), boolean),
                  constant({false, false, true, true, true}));
  CHECK_TENSOR_EQ(convert(constant({0, 256, -1}), boolean), constant({false, true, true}));
  CHECK_TENSOR_EQ(convert(constant({0.0, 2.0}, bfloat16), boolean), constant({false, true}));
}

TEST_CASE("convert: wide to narrow floating rounds once") {
  CHECK_CLOSE(convert(constant({0.1, 1e39, -1e39, 1e-50}, float64), float32), {0.1f, infinity, -infinity, 0.0}, 0);
  CHECK_CLOSE(convert(constant({1.0 + 0x1p-7, 1.0 + 0x1p-8}), bfloat16), {1.0 + 0x1p-7, 1.0}, 0);
  CHECK_CLOSE(convert(constant(16777217), float32), 16777216.0, 0);
}

TEST_CASE("convert: the same dtype is the same tensor, a plain number an ordinary one") {
  const Tensor t = ones({2});
  CHECK(convert(t, float32).is_same(t));
  CHECK_FALSE(detail::copy(t).is_same(t));
  CHECK_TENSOR_EQ(detail::copy(t), t);
  const Tensor number(0.1);
  CHECK(convert(number, float64).item() == 0.1);
  CHECK(convert(number, float32).item() == static_cast<double>(0.1f));
  // No longer weak: it does not take the other's dtype.
  CHECK_FALSE(convert(number, float32).impl()->weak);
  CHECK_FALSE(detail::copy(number).impl()->weak);
  CHECK(detail::copy(Tensor(3)).dtype() == int32);
}

TEST_CASE("convert: slices, empty and large tensors") {
  const Tensor t = slice_axis(constant({{1.0, 2.0}, {3.5, 4.0}}), 0, 1, 1);
  CHECK_TENSOR_EQ(convert(t, int32), constant({{3, 4}}));
  CHECK_TENSOR_EQ(convert(zeros({0, 2}), uint8), zeros({0, 2}, uint8));
  const Tensor large = arange(0, 200000, 1, float64);
  const testing::Threads two(2);
  CHECK_TENSOR_EQ(convert(large, int32), arange(200000));
}
