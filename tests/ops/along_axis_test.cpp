#include "xtape/ops/along_axis.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> along_axis_alone{{"take_along_axis"}, {"put_along_axis"}};

OpInputs rows_and_indices(int call) {
  return {fresh({2, 3}, call), constant({{call % 3, 0, -1}, {1, 1, 2}}, int64), fresh({2, 3}, call + 7)};
}
OpInputs with_bad_index() { return {ones({2, 3}), constant({{0, 3, 0}, {0, 0, 0}}, int64), ones({2, 3})}; }

const FunctionRows along_axis_replays{
    {"take_along_axis", [](const OpInputs& x) { return take_along_axis(x[0], x[1]) * reduce_sum(x[2]); },
     rows_and_indices, with_bad_index},
    {"put_along_axis", [](const OpInputs& x) { return put_along_axis(x[0], x[1], x[2]); }, rows_and_indices,
     with_bad_index},
};

}  // namespace

TEST_CASE("take_along_axis: elements of each row, as in NumPy's documentation") {
  const Tensor a = constant({{10, 30, 20}, {60, 40, 50}}, int32);
  CHECK_CLOSE(take_along_axis(a, argsort(a, 1), 1), tensor({10, 20, 30, 40, 50, 60}, {2, 3}), 0);
  const Tensor best = constant({{1}, {0}}, int64);
  CHECK_CLOSE(take_along_axis(a, best, 1), tensor({30, 60}, {2, 1}), 0);
  CHECK_CLOSE(take_along_axis(a, constant({{-1, -3}}, int32), -1), tensor({20, 10, 50, 60}, {2, 2}), 0);
  CHECK_CLOSE(take_along_axis(a, constant({{1, 0, 1}}, int32), 0), tensor({60, 30, 50}, {1, 3}), 0);
  CHECK(take_along_axis(a, zeros({2, 0}, int64)).shape() == Shape{2, 0});
  CHECK(take_along_axis(a > 30, best, 1).dtype() == boolean);
}

TEST_CASE("take_along_axis, put_along_axis: an axis in the middle, and gradients of both orders") {
  const Tensor x = some({2, 4, 3}), indices = tensor({3, 0, 0, 1, 1, 2, 3, 3, 3, -4, 1, 2}, {2, 2, 3}, int64);
  const Tensor y = take_along_axis(x, indices, 1);
  const auto from = to_doubles(x), got = to_doubles(y), at = to_doubles(indices);
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t j = 0; j < 2; ++j) {
      for (std::size_t k = 0; k < 3; ++k) {
        const double index = at[(o * 2 + j) * 3 + k];
        CHECK(got[(o * 2 + j) * 3 + k] ==
              from[(o * 4 + static_cast<std::size_t>(index < 0 ? index + 4 : index)) * 3 + k]);
      }
    }
  }
  CHECK(check_gradients([&](const Tensor& t) { return take_along_axis(t, indices, 1); }, x));
  CHECK(check_gradients([&](const Tensor& t) { return take_along_axis(t, indices, 1); }, some({1, 4, 3})));
  const auto put = [&](const Tensor& t, const Tensor& v) { return put_along_axis(t, indices, v, 1); };
  CHECK(check_gradients(put, x, some({2, 2, 3})));
  CHECK(check_gradients(put, x, some({1, 1, 3})));
}

TEST_CASE("put_along_axis: the last value for an element counts, plain numbers, other dtypes") {
  const Tensor a = constant({{10, 30, 20}, {60, 40, 50}}, int32);
  CHECK_CLOSE(put_along_axis(a, constant({{1}, {0}}, int64), 99, 1), tensor({10, 99, 20, 99, 40, 50}, {2, 3}), 0);
  const Tensor twice = constant({{1, -2}, {0, 2}}, int64);
  CHECK_CLOSE(put_along_axis(a, twice, constant({{1, 2}, {3, 4}}, int32), 1), tensor({10, 2, 20, 3, 40, 4}, {2, 3}), 0);
}

TEST_CASE("take_along_axis, put_along_axis: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(IndexError, "[take_along_axis] index 3 at position 1 is outside axis 1 of shape (2, 3)",
                    take_along_axis(x, constant({{0, 3}, {0, 0}}, int64), 1));
  CHECK_THROWS_TEXT(ValueError, "[take_along_axis] expected indices of rank 2 as of x, received shapes (2, 3) and (2,)",
                    take_along_axis(x, constant({0, 1}, int64)));
  CHECK_THROWS_TEXT(ValueError, "[take_along_axis] shapes do not broadcast",
                    take_along_axis(x, zeros({3, 1}, int64), 1));
  CHECK_THROWS_TEXT(TypeError, "[take_along_axis] expected integer indices, received float32",
                    take_along_axis(x, ones({2, 3})));
  CHECK_THROWS_TEXT(IndexError, "[put_along_axis] index -4", put_along_axis(x, constant({{-4}, {0}}, int64), 1.0));
  CHECK_THROWS_TEXT(TypeError, "[put_along_axis] dtypes differ",
                    put_along_axis(x, zeros({2, 1}, int64), ones({2, 1}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[broadcast_to]", put_along_axis(x, zeros({2, 1}, int64), ones({2, 2})));
}
