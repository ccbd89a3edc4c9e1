#include "xtape/ops/bitwise.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> bitwise_alone{{"bitwise_not"}};

const FunctionRows bitwise_replays{
    {"bitwise_not", [](const OpInputs& x) { return bitwise_not(cast(x[0] * 9, int32)); }, fresh_inputs({{7}})},
};

}  // namespace

TEST_CASE("bitwise_not: every integer dtype, and no other") {
  for (const DType dtype : {int32, int64}) {
    const Tensor y = bitwise_not(tensor({0, 1, -1, 100, -2147483648.0}, dtype));
    CHECK(y.dtype() == dtype);
    CHECK_CLOSE(y, {-1, -2, 0, -101, 2147483647.0}, 0);
  }
  CHECK_CLOSE(bitwise_not(tensor({0, 1, 255}, uint8)), {255, 254, 0}, 0);
  CHECK(bitwise_not(zeros({0, 2}, int32)).shape() == Shape{0, 2});
  for (const DType dtype : {float32, bfloat16, boolean}) {
    CHECK_THROWS_TEXT(TypeError, "[bitwise_not] expected an integer tensor, received " + std::string(name(dtype)),
                      bitwise_not(ones({2}, dtype)));
  }
}

TEST_CASE("bitwise shifts: beyond the number of bits, as in NumPy") {
  const Tensor one = tensor({1, 1, 1, 1}, int32), by = tensor({31, 32, -1, 1000}, int32);
  CHECK_CLOSE(bitwise_left_shift(one, by), {-2147483648.0, 0, 0, 0}, 0);
  CHECK_CLOSE(bitwise_right_shift(tensor({-8, -8, 8, -8}, int32), by), {-1, -1, 0, -1}, 0);
  CHECK_CLOSE(bitwise_left_shift(tensor({200, 3}, uint8), 1), {144, 6}, 0);
  CHECK_CLOSE(bitwise_right_shift(tensor({200, 3}, uint8), tensor({7, 8}, uint8)), {1, 0}, 0);
  CHECK((bitwise_left_shift(tensor({1}, int64), 62)).item<std::int64_t>() == std::int64_t{1} << 62);
  CHECK(bitwise_left_shift(tensor({1}, int64), 64).item<std::int64_t>() == 0);
}
