#include "xtape/base/dtype.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "support/check.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;

namespace {

float rounded(float value) { return static_cast<float>(BFloat16(value)); }

}  // namespace

TEST_CASE("dtype: names, sizes and kinds") {
  const struct {
    DType dtype;
    const char* name;
    std::size_t bytes;
    bool floating, integer;
  } rows[] = {{float32, "float32", 4, true, false},  {float64, "float64", 8, true, false},
              {int32, "int32", 4, false, true},      {int64, "int64", 8, false, true},
              {uint8, "uint8", 1, false, true},      {boolean, "bool", 1, false, false},
              {bfloat16, "bfloat16", 2, true, false}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(std::string(name(row.dtype)) == row.name);
    CHECK(itemsize(row.dtype) == row.bytes);
    CHECK(is_floating(row.dtype) == row.floating);
    CHECK(is_integer(row.dtype) == row.integer);
  }
  CHECK(dtype_of<float> == float32);
  CHECK(dtype_of<bool> == boolean);
  CHECK(dtype_of<BFloat16> == bfloat16);
  static_assert(Element<double> && Element<std::int64_t> && !Element<char> && !Element<std::size_t>);
}

TEST_CASE("dtype: bfloat16 rounds to nearest, ties to even") {
  // 8 bits of significand: the neighbours of 1 are 1 - 2^-8 and 1 + 2^-7.
  CHECK(BFloat16(1.0f).bits == 0x3f80);
  CHECK(BFloat16(-2.0f).bits == 0xc000);
  CHECK(BFloat16(3.14159274f).bits == 0x4049);
  CHECK(rounded(1 + 0x1p-8f) == 1);                       // a tie, down to even
  CHECK(rounded(1 + 3 * 0x1p-8f) == 1 + 0x1p-6f);         // a tie, up to even
  CHECK(rounded(1 + 0x1p-8f + 0x1p-20f) == 1 + 0x1p-7f);  // just above the tie
  CHECK(rounded(1 + 0x1p-8f - 0x1p-20f) == 1);
  CHECK(std::signbit(rounded(-0.0f)));
  CHECK(rounded(0x1p-133f) == 0x1p-133f);  // the least denormal number
}

TEST_CASE("dtype: bfloat16 keeps infinities, overflows to them and keeps NaN") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(rounded(infinity) == infinity);
  CHECK(rounded(-infinity) == -infinity);
  CHECK(rounded(std::numeric_limits<float>::max()) == infinity);
  CHECK(rounded(3.3895314e38f) == 3.3895314e38f);  // the largest
  CHECK(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  // A NaN whose upper half alone would be an infinity.
  CHECK(std::isnan(rounded(std::bit_cast<float>(0x7f800001u))));
}

TEST_CASE("dtype: by name") {
  for (const DType each : detail::all_dtypes) {
    CHECK(dtype(name(each)) == each);
    CHECK(static_cast<DType>(AnyDType(name(each))) == each);
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[dtype] expected one of float32, float64, int32, int64, uint8, bool, bfloat16, received \"float\"",
                    dtype("float"));
}
