#include "xtape/ops/sort.hpp"

#include <algorithm>
#include <numeric>

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> sort_alone{{"sort"}, {"argsort"}, {"top_k"}};

constexpr auto up = SortDirection::ascending, down = SortDirection::descending;

}  // namespace

TEST_CASE("sort, argsort: equal elements keep their order, NaN is the largest, in either direction") {
  const Tensor x = tensor({3, 1, NAN, -2, 1, 0, INFINITY, -INFINITY, -0.0});
  for (const DType dtype : {float32, float64, bfloat16}) {
    const Tensor t = cast(x, dtype);
    CHECK(sort(t).dtype() == dtype);
    CHECK_CLOSE(sort(t), {-INFINITY, -2, 0, -0.0, 1, 1, 3, INFINITY, NAN}, 0);
    CHECK_TENSOR_EQ(argsort(t), constant({7, 3, 5, 8, 1, 4, 0, 6, 2}, int64));
    CHECK_CLOSE(sort(t, 0, down), {NAN, INFINITY, 3, 1, 1, 0, -0.0, -2, -INFINITY}, 0);
    CHECK_TENSOR_EQ(argsort(t, 0, down), constant({2, 6, 0, 1, 4, 5, 8, 3, 7}, int64));
  }
  for (const DType dtype : {int32, int64}) {
    const Tensor t = tensor({3, -7, 0, 3, -2147483648.0, 2147483647}, dtype);
    CHECK_TENSOR_EQ(sort(t), tensor({-2147483648.0, -7, 0, 3, 3, 2147483647}, dtype));
    CHECK_TENSOR_EQ(argsort(t, -1, down), constant({5, 0, 3, 2, 1, 4}, int64));
  }
  CHECK_TENSOR_EQ(sort(tensor({200, 3, 255, 0}, uint8)), tensor({0, 3, 200, 255}, uint8));
}

TEST_CASE("sort, argsort: long rows, of few different values or many, in either direction") {
  random::Generator generator(8);
  for (const DType dtype : {float32, float64, int32, int64, uint8}) {
    CAPTURE(dtype);
    for (const std::int64_t n : {1023, 1024, 5000}) {
      for (const double range : {0.0, 3.0, 100.0, 1e9}) {
        if (dtype == uint8 && range > 100) continue;
        const Tensor numbers = generator.uniform({2, n}, dtype == uint8 ? 0 : -range, range + 1, float64);
        const Tensor x = cast(numbers, dtype);
        for (const auto direction : {up, down}) {
          const Tensor values = sort(x, -1, direction), places = argsort(x, -1, direction);
          const auto elements = to_doubles(x), sorted = to_doubles(values);
          const auto order = places.to_vector<std::int64_t>();
          std::size_t wrong = 0;
          for (std::size_t row = 0; row < 2; ++row) {
            const auto begin = row * static_cast<std::size_t>(n);
            std::vector<std::int64_t> expected(static_cast<std::size_t>(n));
            std::iota(expected.begin(), expected.end(), 0);
            std::ranges::stable_sort(expected, [&](std::int64_t a, std::int64_t b) {
              const double p = elements[begin + static_cast<std::size_t>(a)];
              const double q = elements[begin + static_cast<std::size_t>(b)];
              return direction == up ? p < q : p > q;
            });
            for (std::size_t i = 0; i < expected.size(); ++i) {
              const bool right = order[begin + i] == expected[i] &&
                                 sorted[begin + i] == elements[begin + static_cast<std::size_t>(expected[i])];
              wrong += right ? 0 : 1;
            }
          }
          CHECK(wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("sort, argsort: every axis against the standard library") {
  for (const Shape& shape : {Shape{17}, Shape{3, 40}, Shape{2, 5, 7}}) {
    const Tensor x = some(shape);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (const auto direction : {up, down}) {
        const Tensor rows = swapaxes(x, axis, -1);
        std::vector<double> expected = to_doubles(rows);
        const std::int64_t n = rows.shape(-1);
        for (auto row = expected.begin(); row != expected.end(); row += n) {
          if (direction == up) {
            std::sort(row, row + n);
          } else {
            std::sort(row, row + n, std::greater());
          }
        }
        const Tensor y = sort(x, axis, direction);
        CHECK_CLOSE(swapaxes(y, axis, -1), tensor(expected, rows.shape()), 0);
        CHECK_TENSOR_EQ(
            gather(swapaxes(x, axis, -1), swapaxes(argsort(x, axis, direction), axis, -1), -1, rows.rank() - 1),
            swapaxes(y, axis, -1));
      }
    }
  }
}

TEST_CASE("top_k: the largest first, the first of equals first") {
  const Tensor x = tensor({1, 5, 3, 5, 2, 9, -1, 0, 9, 9}, {2, 5});
  const TopK top = top_k(x, 3);
  CHECK_CLOSE(top.values, tensor({5, 5, 3, 9, 9, 9}, {2, 3}));
  CHECK_TENSOR_EQ(top.indices, constant({{1, 3, 2}, {0, 3, 4}}, int64));
  CHECK_TENSOR_EQ(top_k(cast(x, int32)).values, tensor({5, 9}, {2, 1}, int32));
  CHECK(top_k(x, 0).values.shape() == Shape{2, 0});
  CHECK_CLOSE(top_k(tensor({1, NAN, INFINITY}, float32), 2).values, {NAN, INFINITY});
  CHECK(top_k(ones({4}, bfloat16), 2).values.dtype() == bfloat16);
  const Tensor many = some({3, 1000});
  for (const std::int64_t k : {1, 7, 500, 999, 1000}) {
    CHECK_TENSOR_EQ(top_k(many, k).values, slice_axis(sort(many, -1, down), 1, 0, k));
    CHECK_TENSOR_EQ(top_k(many, k).indices, slice_axis(argsort(many, -1, down), 1, 0, k));
  }
}

TEST_CASE("sort, top_k: gradients go back to where the elements came from, to second order") {
  for (const Shape& shape : {Shape{5}, Shape{1}, Shape{2, 4}, Shape{2, 3, 2}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (const auto direction : {up, down}) {
        const GradientCheck check =
            check_gradients([&](const Tensor& x) { return square(sort(x, axis, direction)); }, some(shape));
        CHECK_MESSAGE(check, check.message);
      }
    }
    const GradientCheck check =
        check_gradients([&](const Tensor& x) { return square(top_k(x, (shape.back() + 1) / 2).values); }, some(shape));
    CHECK_MESSAGE(check, check.message);
  }
  const Tensor x = tensor({3, 1, 2});
  GradientTape tape(GradientTapeOptions{.persistent = true});
  tape.watch(x);
  const Tensor weights = tensor({10, 20, 30});
  CHECK_CLOSE(tape.gradient(sort(x) * weights, x), {30, 10, 20});
  CHECK_CLOSE(tape.gradient(top_k(x, 2).values * tensor({1, 2}), x), {1, 0, 2});
  CHECK_FALSE(tape.gradient(argsort(x), x).defined());
}

TEST_CASE("sort, argsort, top_k: empty tensors, errors, threads") {
  for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{0, 3}}) {
    CHECK(sort(zeros(shape)).shape() == shape);
    CHECK(argsort(zeros(shape), 0).shape() == shape);
    CHECK(top_k(zeros(shape), 0).indices.rank() == shape.rank());
  }
  CHECK_THROWS_TEXT(IndexError, "[sort] axis -1 is outside a tensor of rank 0", sort(ones({})));
  CHECK_THROWS_TEXT(IndexError, "[argsort] axis 1 is outside a tensor of rank 1", argsort(ones({2}), 1));
  CHECK_THROWS_TEXT(TypeError, "[sort] expected a numeric tensor, received bool", sort(ones({2}, boolean)));
  CHECK_THROWS_TEXT(TypeError, "[argsort] expected a numeric tensor, received bool", argsort(ones({2}, boolean)));
  CHECK_THROWS_TEXT(TypeError, "[top_k] expected a numeric tensor, received bool", top_k(ones({2}, boolean)));
  CHECK_THROWS_TEXT(ValueError, "[top_k] expected 0 <= k <= the last axis of shape (2, 3), received 4",
                    top_k(ones({2, 3}), 4));
  CHECK_THROWS_TEXT(ValueError, "[top_k] expected 0 <= k <= the last axis of shape (3,), received -1",
                    top_k(ones({3}), -1));
  CHECK_THROWS_TEXT(IndexError, "[top_k] axis -1 is outside a tensor of rank 0", top_k(ones({})));
  const Tensor x = some({300, 257}, float32);
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    return argsort(x);
  };
  CHECK_SAME_BITS(with_threads(3), with_threads(1));
}
