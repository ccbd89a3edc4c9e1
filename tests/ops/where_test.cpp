#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> where_alone{{"where"}};

Tensor flags(const Shape& shape) { return some(shape) > 0; }

/// condition ? a : b by broadcasting all three first.
std::vector<double> by_element(const Tensor& condition, const Tensor& a, const Tensor& b, const Shape& to) {
  const auto c = to_doubles(broadcast_to(condition, to)), x = to_doubles(broadcast_to(a, to)),
             y = to_doubles(broadcast_to(b, to));
  std::vector<double> result;
  for (std::size_t i = 0; i < c.size(); ++i) result.push_back(c[i] != 0 ? x[i] : y[i]);
  return result;
}

}  // namespace

TEST_CASE("where: values of every dtype and form of broadcasting") {
  struct Form {
    Shape condition, a, b, result;
  };
  const Form forms[] = {
      {{}, {}, {}, {}},
      {{5}, {5}, {5}, {5}},
      {{40}, {40}, {}, {40}},
      {{3, 4}, {}, {3, 4}, {3, 4}},
      {{3, 4}, {}, {}, {3, 4}},
      {{3, 1}, {1, 4}, {}, {3, 4}},
      {{}, {2, 3}, {3}, {2, 3}},
      {{3}, {2, 1}, {4, 1, 1}, {4, 2, 3}},
      {{2, 3, 1}, {2, 3, 5}, {5}, {2, 3, 5}},
      {{0}, {1}, {}, {0}},
      {{1}, {0, 3}, {3}, {0, 3}},
  };
  for (const auto& form : forms) {
    CAPTURE(form.result.str());
    const Tensor c = flags(form.condition);
    for (const DType dtype : {float32, float64, int32, int64, uint8, bfloat16, boolean}) {
      const Tensor a = cast(some(form.a, float64, 0, 100), dtype), b = cast(some(form.b, float64, 100, 200) * 0, dtype);
      const Tensor y = where(c, a, b);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == form.result);
      CHECK_CLOSE(y, by_element(c, a, b, form.result), 0);
    }
    const GradientCheck check = check_gradients(
        [&c](const Tensor& a, const Tensor& b) { return where(c, a * a, b * b); }, some(form.a), some(form.b) * 0.7);
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("where: an untaken branch passes neither NaN nor a gradient") {
  const Tensor x = tensor({-1, 4});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = where(x > 0, log(where(x > 0, x, 1)), 7);
  CHECK_CLOSE(y, {7, std::log(4)});
  CHECK_CLOSE(where(x > 0, x, NAN), {NAN, 4});
  CHECK_CLOSE(tape.gradient(y, x), {0, 0.25});
}

TEST_CASE("where: numbers, and errors") {
  const Tensor c = tensor({1, 0}, boolean), x = tensor({5, 6}, float64);
  CHECK_TENSOR_EQ(where(c, x, 0.1), tensor({5, 0.1}));
  CHECK_TENSOR_EQ(where(c, 0.1, x), tensor({0.1, 6}));
  CHECK(where(c, 1, 0).dtype() == int32);
  CHECK(where(c, 1, 0.5).dtype() == float32);
  CHECK_THROWS_TEXT(TypeError, "[where] expected a bool tensor, received float64", where(x, x, x));
  CHECK_THROWS_TEXT(TypeError, "[where] dtypes differ: float64 and float32, cast one of them", where(c, x, ones({2})));
  CHECK_THROWS_TEXT(ValueError, "[where] shapes do not broadcast: (2,) and (3,)", where(c, ones({3}), 0.0));
  CHECK_THROWS_TEXT(ValueError, "[where] shapes do not broadcast: (2,) and (3,)", where(c, ones({2}), ones({3})));
}

TEST_CASE("where: large arrays, on one thread and on several") {
  const Tensor c = flags({500, 301}), a = some({500, 301}, float32), row = some({301}, float32),
               column = some({500, 1}, float32);
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    return std::vector{where(c, a, 0), where(c, a, row), where(c, row, column), where(column > 0, a, row)};
  };
  const auto expected = with_threads(1);
  for (const int count : {2, 3}) {
    const auto y = with_threads(count);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK_SAME_BITS(y[i], expected[i]);
  }
  CHECK_CLOSE(expected[2], by_element(c, row, column, {500, 301}), 0);
}

TEST_CASE("clip_by_value: bounds as tensors, with gradients for all three") {
  const Tensor x = tensor({-2, -1, 0.5, 1, 3, NAN, INFINITY, -INFINITY}, float32);
  CHECK_CLOSE(clip_by_value(x, -1, 1), {-1, -1, 0.5, 1, 1, NAN, 1, -1});
  CHECK_CLOSE(clip_by_value(x, 1, -1), {-1, -1, -1, -1, -1, NAN, -1, -1});  // min(max(x, low), high)
  const Tensor low = tensor({-1.5, 0.2}, {2, 1}), high = tensor({0.4, 1.6, 1.1});
  const Tensor grid = tensor({-2, 0.1, 3, -1, 0.5, 2}, {2, 3});
  CHECK_CLOSE(clip_by_value(grid, low, high), {-1.5, 0.1, 1.1, 0.2, 0.5, 1.1});
  const GradientCheck check = check_gradients(
      [](const Tensor& t, const Tensor& l, const Tensor& h) { return clip_by_value(t * t * t, l * l, h * h); }, grid,
      low, high);
  CHECK_MESSAGE(check, check.message);
  GradientTape tape;
  tape.watch({grid, low, high});
  const Tensors grads = tape.gradient(clip_by_value(grid, low, high), {grid, low, high});
  CHECK_CLOSE(grads[0], {0, 1, 0, 0, 1, 0});
  CHECK_CLOSE(grads[1], tensor({1, 1}, {2, 1}));
  CHECK_CLOSE(grads[2], {0, 0, 2});
  CHECK_THROWS_TEXT(ValueError, "[clip_by_value] shapes do not broadcast: (2,) and (3,)",
                    clip_by_value(ones({2}), 0, ones({3})));
  CHECK_THROWS_TEXT(TypeError, "[clip_by_value] dtypes differ: float32 and float64",
                    clip_by_value(ones({2}), 0, ones({2}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[clip_by_value] dtypes differ: int32 and float32",
                    clip_by_value(ones({2}, int32), 0.5, 1));
}
