#include "xtape/ops/numeric.hpp"

#include <limits>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Of the functions of numeric.hpp those that fit no table.

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> numeric_alone{{"signbit"}, {"nan_to_num"}, {"count_nonzero"}};

const FunctionRows numeric_replays{
    {"signbit", [](const OpInputs& x) { return signbit(x[0]); }, fresh_inputs({{7}})},
    {"nan_to_num", [](const OpInputs& x) { return nan_to_num(sqrt(x[0]), {.nan = 3}); }, fresh_inputs({{7}})},
    {"count_nonzero", [](const OpInputs& x) { return count_nonzero(x[0] > 0, 1); }, fresh_inputs({{3, 5}})},
};

}  // namespace

TEST_CASE("signbit: also of zeros and infinities") {
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor y = signbit(tensor({0.0, -0.0, 1, -1, INFINITY, -INFINITY, 1e-30, -1e-30}, dtype));
    CHECK(y.dtype() == boolean);
    CHECK_CLOSE(y, {0, 1, 0, 1, 0, 1, 0, 1}, 0);
  }
  CHECK(signbit(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK_THROWS_TEXT(TypeError, "[signbit] expected a floating tensor, received int32", signbit(ones({2}, int32)));
}

TEST_CASE("copysign, heaviside: the sign of a zero") {
  CHECK(signbit(xtape::copysign(tensor({0}), tensor({-0.0}))).item<bool>());
  CHECK_CLOSE(xtape::copysign(tensor({3, -3}), tensor({-0.0, 0.0})), {-3, 3}, 0);
  CHECK_CLOSE(heaviside(tensor({-0.0, 0.0}), 0.5), {0.5, 0.5}, 0);
}

TEST_CASE("hypot: no overflow, and the limits of its gradient at infinity") {
  const Tensor a = tensor({3e200, 3e-200, INFINITY, 2, -INFINITY}), b = tensor({4e200, 4e-200, 1, INFINITY, 5});
  CHECK_CLOSE(xtape::hypot(a, b), {5e200, 5e-200, INFINITY, INFINITY, INFINITY}, 1e-15);
  CHECK_CLOSE(xtape::hypot(cast(tensor({3e30}), float32), cast(tensor({4e30}), float32)), {5e30}, 1e-6);
  GradientTape outer({.persistent = true});
  outer.watch({a, b});
  GradientTape inner;
  inner.watch({a, b});
  const Tensors first = inner.gradient(xtape::hypot(a, b), {a, b});
  CHECK_CLOSE(first[0], {0.6, 0.6, 1, 0, -1}, 1e-15);
  CHECK_CLOSE(first[1], {0.8, 0.8, 0, 1, 0}, 1e-15);
  outer.stop();
  GradientTape single;  // without an outer one, in one pass
  single.watch({a, b});
  const Tensors again = single.gradient(xtape::hypot(a, b), {a, b});
  for (std::size_t i = 0; i < 2; ++i) CHECK_CLOSE(again[i], first[i], 1e-15);
  CHECK_FALSE(reduce_any(is_nan(slice_axis(outer.gradient(first[0], a), 0, 2, 3))).item<bool>());
}

TEST_CASE("nan_to_num: what replaces the elements, and no gradient through it") {
  const std::vector<double> values{1.5, NAN, INFINITY, -INFINITY, -2};
  const Tensor x = tensor(values);
  constexpr double largest = std::numeric_limits<double>::max(), of_floats = std::numeric_limits<float>::max();
  CHECK_CLOSE(nan_to_num(x), {1.5, 0, largest, -largest, -2}, 0);
  CHECK_CLOSE(nan_to_num(tensor(values, float32)), {1.5, 0, of_floats, -of_floats, -2}, 0);
  CHECK_CLOSE(nan_to_num(tensor(values, bfloat16)), {1.5, 0, 0x1.FEp127, -0x1.FEp127, -2}, 0);
  CHECK_CLOSE(nan_to_num(x, {.nan = 7, .posinf = 8, .neginf = -9}), {1.5, 7, 8, -9, -2}, 0);
  CHECK_CLOSE(nan_to_num(x, {.neginf = INFINITY}), {1.5, 0, largest, INFINITY, -2}, 0);
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(tape.gradient(nan_to_num(x) * 3, x), {3, 0, 0, 0, 3}, 0);
  CHECK(check_gradients([](const Tensor& t) { return nan_to_num(t); }, some({3, 4})));
  CHECK(nan_to_num(zeros({0, 2})).shape() == Shape{0, 2});
  CHECK_THROWS_TEXT(TypeError, "[nan_to_num] expected a floating tensor, received int64", nan_to_num(ones({2}, int64)));
}

TEST_CASE("count_nonzero: any dtype, over axes") {
  const Tensor x = tensor({0, 1, -2, NAN, -0.0, 3}, {2, 3});
  CHECK(count_nonzero(x).item<std::int64_t>() == 4);
  CHECK_CLOSE(count_nonzero(x, 1), {2, 2}, 0);
  CHECK(count_nonzero(x, 0, true).shape() == Shape{1, 3});
  CHECK(count_nonzero(x, 0).dtype() == int64);
  for (const DType dtype : {int32, int64, uint8, boolean, bfloat16, float32}) {
    CHECK_CLOSE(count_nonzero(tensor({0, 1, 1, 0, 0}, dtype)), 2, 0);
  }
  CHECK_CLOSE(count_nonzero(zeros({2, 0}), 1), {0, 0}, 0);
  CHECK_THROWS_TEXT(IndexError, "[reduce_sum]", count_nonzero(x, 2));
}
