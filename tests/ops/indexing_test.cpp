#include "xtape/ops/indexing.hpp"

#include "ops/movement_table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Tensor pairs = constant({{1, 2}, {0, 0}, {1, 2}}), numbers = constant({{2}, {0}, {2}}),
             nowhere = constant(std::vector<std::int64_t>{}, {0, 1}), once = constant({{3}, {1}}, int64);

const Table<Movement> indexing_table{
    // What Python prints for list(range(6))[...].
    {"index", {{6}}, MOVE(index(x, {Slice{1, 4}})), {3}, {1, 2, 3}},
    {"index", {{6}}, MOVE(index(x, {Slice{1, {}, 2}})), {3}, {1, 3, 5}},
    {"index", {{6}}, MOVE(index(x, {Slice{{}, {}, -1}})), {6}, {5, 4, 3, 2, 1, 0}},
    {"index", {{6}}, MOVE(index(x, {Slice{{}, {}, -2}})), {3}, {5, 3, 1}},
    {"index", {{6}}, MOVE(index(x, {Slice{-3, {}}})), {3}, {3, 4, 5}},
    {"index", {{6}}, MOVE(index(x, {Slice{1, -1, 2}})), {2}, {1, 3}},
    {"index", {{6}}, MOVE(index(x, {Slice{4, 1, -1}})), {3}, {4, 3, 2}},
    {"index", {{6}}, MOVE(index(x, {Slice{-2, -5, -2}})), {2}, {4, 2}},
    {"index", {{6}}, MOVE(index(x, {Slice{-100, 100}})), {6}, count(6)},
    {"index", {{6}}, MOVE(index(x, {Slice{100, -100, -1}})), {6}, {5, 4, 3, 2, 1, 0}},
    {"index", {{6}}, MOVE(index(x, {Slice{100, {}}})), {0}, {}},
    {"index", {{6}}, MOVE(index(x, {Slice{4, 1}})), {0}, {}},
    {"index", {{6}}, MOVE(index(x, {Slice{1, 4, -1}})), {0}, {}},
    {"index", {{6}}, MOVE(index(x, {Slice{2, {}, INT64_MAX}})), {1}, {2}},
    {"index", {{6}}, MOVE(index(x, {Slice{2, {}, INT64_MIN}})), {1}, {2}},
    {"index", {{6}}, MOVE(index(x, {2})), {}, {2}},
    {"index", {{6}}, MOVE(index(x, {-1})), {}, {5}},
    {"index", {{3, 2}}, MOVE(index(x, {})), {3, 2}, count(6)},
    {"index", {{}}, MOVE(index(x, {ellipsis, newaxis})), {1}, {0}},
    {"index", {{3, 2}}, MOVE(index(x, {1})), {2}, {2, 3}},
    {"index", {{3, 2}}, MOVE(index(x, {all, -1})), {3}, {1, 3, 5}},
    {"index", {{3, 2}}, MOVE(index(x, {ellipsis, 0})), {3}, {0, 2, 4}},
    {"index", {{3, 2}}, MOVE(index(x, {newaxis, 2, newaxis, ellipsis})), {1, 1, 2}, {4, 5}},
    {"index", {{3, 2}}, MOVE(index(x, {Slice{{}, {}, -1}, Slice{{}, {}, -1}})), {3, 2}, {5, 4, 3, 2, 1, 0}},
    {"index", {{2, 3, 2}}, MOVE(index(x, {Slice{1, {}, 2}, 0, ellipsis})), {1, 2}, {6, 7}},
    {"index", {{2, 3, 2}}, MOVE(index(x, {ellipsis, Slice{{}, {}, 2}, 1})), {2, 2}, {1, 5, 7, 11}},
    {"index", {{2, 3, 2}}, MOVE(index(x, {0, all, 1})), {3}, {1, 3, 5}},
    {"index", {{2, 3, 2}}, MOVE(index(x, {all, Slice{2, 0, -1}, newaxis})), {2, 2, 1, 2}, {4, 5, 2, 3, 10, 11, 8, 9}},
    {"strided_slice", {{3, 3}}, MOVE(strided_slice(x, {0, 2}, {3, 0}, {2, -1})), {2, 2}, {2, 1, 8, 7}},
    {"strided_slice", {{3, 3}}, MOVE(strided_slice(x, {1}, {3})), {2, 3}, count(6, 3)},
    {"strided_slice", {{3, 3}}, MOVE(strided_slice(x, {1, -1}, {2, -4}, {1, -1})), {1, 3}, {5, 4, 3}},
    {"strided_slice", {{3}}, MOVE(strided_slice(x, {2}, {1})), {0}, {}},
    {"gather_nd", {{2, 3}}, MOVE(gather_nd(x, pairs)), {3}, {5, 0, 5}},
    {"gather_nd", {{3, 2}}, MOVE(gather_nd(x, numbers)), {3, 2}, {4, 5, 0, 1, 4, 5}},
    {"gather_nd", {{2, 3, 2}}, MOVE(gather_nd(x, reshape(pairs, {3, 1, 2}))), {3, 1, 2}, {10, 11, 0, 1, 10, 11}},
    {"gather_nd", {{2}}, MOVE(gather_nd(x, zeros({2, 0}, int32))), {2, 2}, {0, 1, 0, 1}},
    {"gather_nd", {{3, 2}}, MOVE(gather_nd(x, nowhere)), {0, 2}, {}},
    {"gather_nd", {{3, 2}}, MOVE(gather_nd(x, constant({2, 1}))), {}, {5}},
    {"scatter_nd", {{3}}, MOVE(scatter_nd(pairs, x, {2, 3})), {2, 3}, {1, 0, 0, 0, 0, 2}},
    {"scatter_nd", {{3, 2}}, MOVE(scatter_nd(numbers, x, {4, 2})), {4, 2}, {2, 3, 0, 0, 4, 6, 0, 0}},
    {"scatter_nd", {{2}}, MOVE(scatter_nd(constant({1}), reshape(slice_axis(x, 0, 1, 1), {}), {2})), {2}, {0, 1}},
    {"scatter_nd", {{0, 2}}, MOVE(scatter_nd(nowhere, x, {1, 2})), {1, 2}, {0, 0}},
    {"tensor_scatter_add",
     {{4, 1}, {3, 1}},
     MOVE(tensor_scatter_add(x, numbers, in[1])),
     {4, 1},
     {0 + 5, 1, 2 + 4 + 6, 3}},
    {"tensor_scatter_add", {{2, 3}, {3}}, MOVE(tensor_scatter_add(x, pairs, in[1])), {2, 3}, {7, 1, 2, 3, 4, 19}},
    {"tensor_scatter_update",
     {{4, 2}, {2, 2}},
     MOVE(tensor_scatter_update(x, once, in[1])),
     {4, 2},
     {0, 1, 10, 11, 4, 5, 8, 9}},
    {"tensor_scatter_update", {{4}, {3}}, MOVE(tensor_scatter_update(x, numbers, in[1])), {4}, {5, 1, 6, 3}},
    {"tensor_scatter_update", {{2, 1}, {0, 1}}, MOVE(tensor_scatter_update(x, nowhere, in[1])), {2, 1}, {0, 1}},
    {"boolean_mask", {{4}}, MOVE(boolean_mask(x, constant({true, false, false, true}))), {2}, {0, 3}},
    {"boolean_mask", {{2, 2}}, MOVE(boolean_mask(x, constant({{false, true}, {true, true}}))), {3}, {1, 2, 3}},
    {"boolean_mask", {{2, 2}}, MOVE(boolean_mask(x, constant({false, true}))), {1, 2}, {2, 3}},
    {"boolean_mask", {{2, 3}}, MOVE(boolean_mask(x, constant({true, false, true}), 1)), {2, 2}, {0, 2, 3, 5}},
    {"boolean_mask",
     {{2, 2, 2}},
     MOVE(boolean_mask(x, constant({{false, true}, {false, true}}), -2)),
     {2, 2},
     {1, 3, 5, 7}},
    {"boolean_mask", {{2}}, MOVE(boolean_mask(x, constant({false, false}))), {0}, {}},
    {"gather", {{2, 3}}, MOVE(gather(x, constant({{2, 0}, {1, 1}}), 1, 1)), {2, 2}, {2, 0, 4, 4}},
    {"gather", {{2, 2, 2}}, MOVE(gather(x, constant({1, 0}), 1, 1)), {2, 2}, {2, 3, 4, 5}},
    {"gather",
     {{2, 2, 2}},
     MOVE(gather(x, constant({{1, 1, 0}, {0, 1, 0}}), 2, 1)),
     {2, 2, 3},
     {1, 1, 0, 3, 3, 2, 4, 5, 4, 6, 7, 6}},
    {"gather", {{0, 3}}, MOVE(gather(x, zeros({0, 2}, int32), 1, 1)), {0, 2}, {}},
};

const FunctionRows indexing_replays(indexing_table, [](const auto& row) { return under_function(row); });

}  // namespace

TEST_CASE("indexing: elements, gradients and dtypes") { check_movements(indexing_table); }

TEST_CASE("indexing: neighbouring elements are shared") {
  const Tensor x = some({4, 3, 2});
  const auto shares = [&x](const Tensor& t) { return t.impl()->owner == x.impl(); };
  CHECK(shares(index(x, {1})));
  CHECK(shares(index(x, {1, Slice{1, {}}})));
  CHECK(shares(index(x, {Slice{1, 3}})));
  CHECK(shares(index(x, {2, 1, 1})));
  CHECK(shares(index(x, {Slice{1, 2}, newaxis, 1})));
  CHECK_FALSE(shares(index(x, {Slice{{}, {}, 2}})));
  CHECK_FALSE(shares(index(x, {all, 1})));
}

TEST_CASE("indexing: of several updates for a place the last one is kept, and the others have no gradient") {
  const Tensor x = zeros({3}), u = constant({1.0, 2.0, 3.0});
  GradientTape tape;
  tape.watch({x, u});
  const Tensor y = tensor_scatter_update(x, constant({{0}, {0}, {1}}), u);
  CHECK_CLOSE(y, {2, 3, 0});
  const Tensors grads = tape.gradient(y * constant({10.0, 20.0, 30.0}), {x, u});
  CHECK_CLOSE(grads[0], {0, 0, 30});
  CHECK_CLOSE(grads[1], {0, 10, 20});
}

TEST_CASE("indexing: large arrays, on one thread and on several") {
  const Tensor x = some({1000, 3, 64}, float32), n = cast(some({5000, 1}, float64, 0, 999), int32);
  const Tensor u = some({5000, 3, 64}, float32);
  const std::function<Tensor()> calls[] = {
      [&] {
        return index(x, {Slice{{}, {}, -2}, all, Slice{5, 50, 3}});
      },
      [&] { return gather_nd(x, n); },
      [&] {
        return scatter_nd(n, u, {1000, 3, 64});
      },
      [&] { return tensor_scatter_add(x, n, u); },
  };
  for (const auto& call : calls) {
    const auto with_threads = [&](int threads) {
      const Threads set(threads);
      return call();
    };
    const Tensor y = with_threads(1);
    CHECK_SAME_BITS(with_threads(3), y);
  }
  std::vector<double> sums(1000 * 192, 0);
  const std::vector<double> updates = to_doubles(u);
  const auto rows = n.data<std::int32_t>();
  for (std::size_t i = 0; i < 5000; ++i) {
    for (std::size_t j = 0; j < 192; ++j) sums[static_cast<std::size_t>(rows[i]) * 192 + j] += updates[i * 192 + j];
  }
  CHECK_CLOSE(scatter_nd(n, u, {1000, 3, 64}), sums, 1e-5, 1e-5);
}

TEST_CASE("indexing: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(IndexError, "[index] slice index 2 of dimension 0 of size 2 out of bounds: shape (2, 3)",
                    index(x, {2}));
  CHECK_THROWS_TEXT(IndexError, "[index] slice index -4 of dimension 1 of size 3 out of bounds", index(x, {all, -4}));
  CHECK_THROWS_TEXT(IndexError, "[index] too many indices: 3 for shape (2, 3) of rank 2", index(x, {0, all, 0}));
  CHECK_THROWS_TEXT(ValueError, "[index] at most one ellipsis is possible", index(x, {ellipsis, ellipsis}));
  CHECK_THROWS_TEXT(ValueError, "[index] the step of a slice must not be 0", index(x, {Slice{0, 1, 0}}));
  CHECK_THROWS_TEXT(ValueError, "[strided_slice] expected as many begins as ends and strides: received 1, 2 and 0",
                    strided_slice(x, {0}, {1, 1}));
  CHECK_THROWS_TEXT(ValueError, "received 1, 1 and 2", strided_slice(x, {0}, {1}, {1, 1}));
  CHECK_THROWS_TEXT(ValueError, "[strided_slice] the step of a slice must not be 0", strided_slice(x, {0}, {1}, {0}));
  CHECK_THROWS_TEXT(IndexError, "[strided_slice] too many indices: 3", strided_slice(x, {0, 0, 0}, {1, 1, 1}));
  CHECK_THROWS_TEXT(TypeError, "[gather_nd] expected integer indices, received float32", gather_nd(x, x));
  CHECK_THROWS_TEXT(IndexError, "[gather_nd] index [1, 3] at position 1 is outside the first 2 axes of shape (2, 3)",
                    gather_nd(x, constant({{0, 0}, {1, 3}})));
  CHECK_THROWS_TEXT(IndexError, "[gather_nd] index [-1] at position 0", gather_nd(x, constant({{-1}})));
  CHECK_THROWS_TEXT(ValueError, "[gather_nd] expected indices [..., k] with k of at most 2 for shape (2, 3): received",
                    gather_nd(x, constant({0, 0, 0})));
  CHECK_THROWS_TEXT(ValueError, "[gather_nd] expected indices [..., k]", gather_nd(x, constant(0)));
  CHECK_THROWS_TEXT(ValueError,
                    "[scatter_nd] expected updates of shape (2, 3) for indices (2, 1) into shape (4, 3): "
                    "received (2, 2)",
                    scatter_nd(constant({{0}, {1}}), ones({2, 2}), {4, 3}));
  CHECK_THROWS_TEXT(ValueError, "[scatter_nd] sizes must not be negative: received shape (-1,)",
                    scatter_nd(constant({{0}}), ones({1}), {-1}));
  CHECK_THROWS_TEXT(IndexError, "[scatter_nd] index [4] at position 0", scatter_nd(constant({{4}}), ones({1}), {4}));
  CHECK_THROWS_TEXT(TypeError, "[tensor_scatter_add] dtypes differ: float32 and float64",
                    tensor_scatter_add(x, constant({{0}}), ones({1, 3}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[tensor_scatter_add] expected updates of shape (1, 3)",
                    tensor_scatter_add(x, constant({{0}}), ones({3})));
  CHECK_THROWS_TEXT(IndexError, "[tensor_scatter_update] index [2] at position 0",
                    tensor_scatter_update(x, constant({{2}}), ones({1, 3})));
  CHECK_THROWS_TEXT(TypeError, "[boolean_mask] expected a bool mask, received float32", boolean_mask(x, x));
  CHECK_THROWS_TEXT(ValueError, "[boolean_mask] a mask of shape (2,) does not fit shape (2, 3) from axis 1 on",
                    boolean_mask(x, constant({true, false}), 1));
  CHECK_THROWS_TEXT(ValueError, "[boolean_mask] a mask of shape () does not fit", boolean_mask(x, constant(true)));
  CHECK_THROWS_TEXT(IndexError, "[gather] index 3 at position 1 is outside axis 1 of shape (2, 3)",
                    gather(x, constant({{0}, {3}}), 1, 1));
  CHECK_THROWS_TEXT(ValueError, "[gather] batch_dims must be at most the axis, 1, and the rank of the indices, 1",
                    gather(x, constant({0, 1}), 1, 2));
  CHECK_THROWS_TEXT(ValueError, "[gather] the first 1 axes must agree: (2, 3) and indices (3,)",
                    gather(x, constant({0, 1, 0}), 1, 1));
  CHECK_THROWS_TEXT(TypeError, "[gather] expected integer indices", gather(x, x, 1, 1));
}

TEST_CASE("indexing: brackets of tensors and variables are index()") {
  const Tensor x = reshape(arange(24), {4, 3, 2});
  const Variable v(cast(x, float32));
  const std::size_t one = 1;
  CHECK_TENSOR_EQ(x[0], constant({{0, 1}, {2, 3}, {4, 5}}));
  CHECK_TENSOR_EQ(x[-1], x[3]);
  CHECK_TENSOR_EQ(x[one], index(x, {1}));
  CHECK_TENSOR_EQ((x[{1, 2}]), constant({10, 11}));
  CHECK_TENSOR_EQ(x[{0}], x[0]);
  CHECK_TENSOR_EQ((x[{all, 0}]), constant({{0, 1}, {6, 7}, {12, 13}, {18, 19}}));
  CHECK_TENSOR_EQ((x[{Slice(1, -1), newaxis}]), expand_dims(slice_axis(x, 0, 1, 2), 1));
  CHECK_TENSOR_EQ((x[{ellipsis, Slice({}, {}, -1)}]), reverse(x, {2}));
  CHECK_TENSOR_EQ(x[Slice(2, {})], slice_axis(x, 0, 2, 2));
  CHECK(x[newaxis].shape() == Shape{1, 4, 3, 2});
  CHECK(x[all].shape() == x.shape());
  CHECK((x[{1, 2, 0}].item<int>()) == 10);
  CHECK_TENSOR_EQ(v[0], cast(x[0], float32));
  CHECK_TENSOR_EQ((v[{all, 2, 1}]), constant({5.0, 11.0, 17.0, 23.0}));
  CHECK_THROWS_TEXT(IndexError, "[index] slice index 4 of dimension 0 of size 4 out of bounds: shape (4, 3, 2)", x[4]);
  CHECK_THROWS_TEXT(IndexError, "[index] too many indices: 2 for shape (2,) of rank 1", (x[{0, 0}][{0, 1}]));
}

TEST_CASE("indexing: gradients flow through brackets, to a variable too") {
  const Variable v(constant({{1.0, 2.0}, {3.0, 4.0}}, float64));
  const Tensor x = constant({5.0, 6.0, 7.0}, float64);
  GradientTape tape;
  tape.watch(x);
  const Tensor loss = reduce_sum(v[0] * x[Slice(1, {})]) + square(v[{1, 0}]);
  const auto [dv, dx] = tape.gradient(loss, std::tuple(v, x));
  CHECK_CLOSE(dv, {6, 7, 6, 0}, 0);
  CHECK_CLOSE(dx, {0, 1, 2}, 0);
}

TEST_CASE("indexing: a part of a variable is assigned") {
  Variable v(zeros({3, 4}, float64), {.name = "w"});
  const Tensor before = v.value();
  v.assign_slice({0}, constant({1.0, 2.0, 3.0, 4.0}, float64));
  v.assign_slice({all, 1}, 7);
  v.assign_slice({Slice(1, {}), Slice({}, {}, -2)}, constant({{-1.0}, {-2.0}}, float64));
  v.assign_slice({2, newaxis, 0}, constant({{9.0}}, float64));
  CHECK_CLOSE(v, {1, 7, 3, 4, 0, -1, 0, -1, 9, -2, 0, -2}, 0);
  CHECK_CLOSE(before, std::vector<double>(12, 0), 0);
  v.assign_slice({Slice(3, {})}, 5);  // nothing
  v.assign_slice({}, v.value() + 1);
  CHECK_CLOSE(v[0], {2, 8, 4, 5}, 0);
  Variable same(arange(4), {.trainable = false});
  same.assign_slice({Slice(1, {})}, same[Slice({}, -1)]);  // from its own elements
  CHECK_TENSOR_EQ(same.value(), constant({0, 0, 1, 2}));

  const Tensor kept = v.value();
  CHECK_THROWS_TEXT(IndexError, "[Variable.assign_slice] slice index 3 of dimension 0 of size 3 out of bounds",
                    v.assign_slice({3}, 0));
  CHECK_THROWS_TEXT(ValueError,
                    "[Variable.assign_slice] expected a value that broadcasts to (4,), a part of variable 'w', "
                    "received shape (3,)",
                    v.assign_slice({0}, zeros({3}, float64)));
  CHECK_THROWS_TEXT(ValueError, "received shape (2, 4)", v.assign_slice({0}, zeros({2, 4}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[Variable.assign_slice] variable 'w' is float64, received float32",
                    v.assign_slice({0}, zeros({4})));
  CHECK_TENSOR_EQ(v.value(), kept);
}

TEST_CASE("indexing: tapes do not see that a part is assigned, and read the new value") {
  Variable v(constant({1.0, 2.0}, float64));
  const Tensor x = constant(3.0, float64);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  v.assign_slice({0}, 2 * x);
  const Tensor loss = reduce_sum(square(v));
  tape.stop();
  CHECK_CLOSE(tape.gradient(loss, v), {12, 4}, 0);
  CHECK_FALSE(tape.gradient(loss, x).defined());
}
