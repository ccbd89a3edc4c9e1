#include "xtape/ops/movement.hpp"

#include <functional>

#include "ops/movement_table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Tensor rows = constant({{2, 0}, {2, 2}});

const Table<Movement> movement_table{
    {"reshape",
     {{2, 3}},
     [](const auto& x) {
       return reshape(x[0], {3, 2});
     },
     {3, 2},
     count(6)},
    {"reshape",
     {{2, 3, 4}},
     [](const auto& x) {
       return reshape(x[0], {4, -1});
     },
     {4, 6},
     count(24)},
    {"reshape", {{1}}, [](const auto& x) { return reshape(x[0], {}); }, {}, {0}},
    {"reshape",
     {{0, 3}},
     [](const auto& x) {
       return reshape(x[0], {5, 0});
     },
     {5, 0},
     {}},
    {"flatten", {{2, 3}}, [](const auto& x) { return flatten(x[0]); }, {6}, count(6)},
    {"flatten", {{}}, [](const auto& x) { return flatten(x[0]); }, {1}, {0}},
    {"expand_dims", {{2, 3}}, [](const auto& x) { return expand_dims(x[0], 0); }, {1, 2, 3}, count(6)},
    {"expand_dims", {{2, 3}}, [](const auto& x) { return expand_dims(x[0], 1); }, {2, 1, 3}, count(6)},
    {"expand_dims", {{2, 3}}, [](const auto& x) { return expand_dims(x[0], -1); }, {2, 3, 1}, count(6)},
    {"expand_dims", {{}}, [](const auto& x) { return expand_dims(x[0], 0); }, {1}, {0}},
    {"squeeze", {{1, 2, 1, 3}}, [](const auto& x) { return squeeze(x[0]); }, {2, 3}, count(6)},
    {"squeeze", {{1, 2, 1, 3}}, [](const auto& x) { return squeeze(x[0], 2); }, {1, 2, 3}, count(6)},
    {"squeeze", {{2, 3, 1}}, [](const auto& x) { return squeeze(x[0], -1); }, {2, 3}, count(6)},
    {"transpose", {{2, 3}}, [](const auto& x) { return transpose(x[0]); }, {3, 2}, {0, 3, 1, 4, 2, 5}},
    {"transpose",
     {{2, 3, 2}},
     [](const auto& x) { return transpose(x[0]); },
     {2, 3, 2},
     {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}},
    {"transpose",
     {{2, 3, 2}},
     [](const auto& x) {
       return transpose(x[0], {1, 0, 2});
     },
     {3, 2, 2},
     {0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}},
    {"transpose",
     {{2, 3}},
     [](const auto& x) {
       return transpose(x[0], {0, 1});
     },
     {2, 3},
     count(6)},
    {"transpose", {{}}, [](const auto& x) { return transpose(x[0]); }, {}, {0}},
    {"transpose", {{0, 3}}, [](const auto& x) { return transpose(x[0]); }, {3, 0}, {}},
    {"concat", {{1, 2}, {2, 2}}, [](const auto& x) { return concat(x, 0); }, {3, 2}, count(6)},
    {"concat", {{2, 1}, {2, 2}}, [](const auto& x) { return concat(x, 1); }, {2, 3}, {0, 2, 3, 1, 4, 5}},
    {"concat", {{2, 1}, {2, 0}, {2, 2}}, [](const auto& x) { return concat(x, -1); }, {2, 3}, {0, 2, 3, 1, 4, 5}},
    {"concat", {{2, 2}}, [](const auto& x) { return concat(x, 0); }, {2, 2}, count(4)},
    {"stack", {{2}, {2}, {2}}, [](const auto& x) { return stack(x); }, {3, 2}, count(6)},
    {"stack", {{2}, {2}, {2}}, [](const auto& x) { return stack(x, 1); }, {2, 3}, {0, 2, 4, 1, 3, 5}},
    {"stack", {{2}, {2}}, [](const auto& x) { return stack(x, -1); }, {2, 2}, {0, 2, 1, 3}},
    {"stack", {{}, {}}, [](const auto& x) { return stack(x); }, {2}, {0, 1}},
    {"slice",
     {{4, 3}},
     [](const auto& x) {
       return slice(x[0], {1, 0}, {2, -1});
     },
     {2, 3},
     count(6, 3)},
    {"slice",
     {{4, 3}},
     [](const auto& x) {
       return slice(x[0], {1, 1}, {2, 2});
     },
     {2, 2},
     {4, 5, 7, 8}},
    {"slice",
     {{2, 3, 2}},
     [](const auto& x) {
       return slice(x[0], {0, 1, 0}, {-1, 1, -1});
     },
     {2, 1, 2},
     {2, 3, 8, 9}},
    {"slice",
     {{4, 3}},
     [](const auto& x) {
       return slice(x[0], {4, 0}, {0, 3});
     },
     {0, 3},
     {}},
    {"slice", {{}}, [](const auto& x) { return slice(x[0], {}, {}); }, {}, {0}},
    {"slice_axis", {{4, 3}}, [](const auto& x) { return slice_axis(x[0], 0, 1, 2); }, {2, 3}, count(6, 3)},
    {"slice_axis", {{2, 3}}, [](const auto& x) { return slice_axis(x[0], -1, 1, 2); }, {2, 2}, {1, 2, 4, 5}},
    {"gather", {{3, 2}}, [](const auto& x) { return gather(x[0], rows); }, {2, 2, 2}, {4, 5, 0, 1, 4, 5, 4, 5}},
    {"gather", {{2, 3}}, [](const auto& x) { return gather(x[0], rows, 1); }, {2, 2, 2}, {2, 0, 2, 2, 5, 3, 5, 5}},
    {"gather", {{2, 3}}, [](const auto& x) { return gather(x[0], constant(1), -1); }, {2}, {1, 4}},
    {"gather", {{2, 3}}, [](const auto& x) { return gather(x[0], constant(std::vector<std::int64_t>{})); }, {0, 3}, {}},
    {"broadcast_to",
     {{2, 1}},
     [](const auto& x) {
       return broadcast_to(x[0], {2, 3});
     },
     {2, 3},
     {0, 0, 0, 1, 1, 1}},
    {"broadcast_to",
     {{2}},
     [](const auto& x) {
       return broadcast_to(x[0], {3, 2});
     },
     {3, 2},
     {0, 1, 0, 1, 0, 1}},
    {"broadcast_to",
     {{}},
     [](const auto& x) {
       return broadcast_to(x[0], {2, 2});
     },
     {2, 2},
     {0, 0, 0, 0}},
    {"broadcast_to",
     {{2, 3}},
     [](const auto& x) {
       return broadcast_to(x[0], {2, 3});
     },
     {2, 3},
     count(6)},
    {"broadcast_to", {{1}}, [](const auto& x) { return broadcast_to(x[0], {0}); }, {0}, {}},
    {"broadcast_to",
     {{2, 1, 2}},
     [](const auto& x) {
       return broadcast_to(x[0], {2, 2, 2, 2});
     },
     {2, 2, 2, 2},
     {0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3}},
};

const FunctionRows movement_replays(movement_table, [](const auto& row) { return under_function(row); });

}  // namespace

TEST_CASE("movement ops: elements, gradients and dtypes") { check_movements(movement_table); }

TEST_CASE("movement ops: reshapes and slices along axis 0 share the elements") {
  const Tensor x = some({4, 3});
  const auto shares = [&x](const Tensor& t) { return t.impl()->owner == x.impl(); };
  CHECK(shares(reshape(x, {12})));
  CHECK(shares(flatten(x)));
  CHECK(shares(expand_dims(x, 0)));
  CHECK(shares(squeeze(expand_dims(x, 0))));
  CHECK(shares(slice_axis(x, 0, 1, 2)));
  CHECK(shares(slice_axis(reshape(x, {2, 6}), 0, 1, 1)));
  CHECK_FALSE(shares(slice_axis(x, 1, 0, 2)));
}

TEST_CASE("movement ops: large arrays, on one thread and on several") {
  const Tensor x = some({300, 7, 211}, float32), indices = cast(some({40'000}, float64, 0, 299), int32);
  const std::function<Tensor()> calls[] = {
      [&] { return transpose(x); },
      [&] {
        return transpose(x, {2, 0, 1});
      },
      [&] {
        return transpose(x, {1, 0, 2});
      },
      [&] {
        return concat({x, x, x}, 1);
      },
      [&] {
        return slice(x, {3, 1, 5}, {290, 5, 200});
      },
      [&] { return gather(x, slice_axis(indices, 0, 0, 500)); },
      [&] {
        return gather(reshape(x, {300, -1}), indices, 0);
      },
      [&] {
        return broadcast_to(slice_axis(x, 1, 0, 1), {300, 7, 211});
      },
  };
  for (const auto& call : calls) {
    const auto with_threads = [&](int threads) {
      const Threads set(threads);
      return call();
    };
    const Tensor y = with_threads(1);
    CHECK_SAME_BITS(with_threads(3), y);
  }
  const Tensor t = transpose(x, {2, 0, 1});
  const auto in = x.data<float>(), out = t.data<float>();
  for (const std::size_t i : {0, 1, 150, 299}) {
    for (const std::size_t j : {0, 3, 6}) {
      for (const std::size_t k : {0, 100, 210}) CHECK(out[(k * 300 + i) * 7 + j] == in[(i * 7 + j) * 211 + k]);
    }
  }
}

TEST_CASE("movement ops: gather adds up the gradients of an index used several times") {
  const Tensor x = ones({3, 2}, float32);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = gather(x, constant({2, 0, 2, 2})) * constant({{1.0}, {10.0}, {100.0}, {1000.0}});
  CHECK_CLOSE(tape.gradient(y, x), {10, 10, 0, 0, 1101, 1101});
}

TEST_CASE("movement ops: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(ValueError, "[reshape] numbers of elements differ: (2, 3) has 6, (4, 2) has 8", reshape(x, {4, 2}));
  CHECK_THROWS_TEXT(ValueError, "[reshape] cannot infer the size -1: (4, -1) from (2, 3) with 6 elements",
                    reshape(x, {4, -1}));
  CHECK_THROWS_TEXT(ValueError, "[reshape] cannot infer the size -1: (0, -1) from (0, 3)",
                    reshape(zeros({0, 3}), {0, -1}));
  CHECK_THROWS_TEXT(ValueError, "[reshape] at most one size may be -1 and none less: (-1, -1) from (2, 3)",
                    reshape(x, {-1, -1}));
  CHECK_THROWS_TEXT(ValueError, "[reshape] at most one size may be -1 and none less: (-2, -3)", reshape(x, {-2, -3}));
  CHECK_THROWS_TEXT(IndexError, "[expand_dims] axis 3 is outside", expand_dims(x, 3));
  CHECK_THROWS_TEXT(ValueError, "[squeeze] axis 1 of shape (2, 3) is not of size 1", squeeze(x, 1));
  CHECK_THROWS_TEXT(IndexError, "[squeeze] axis 2 is outside", squeeze(x, 2));
  CHECK_THROWS_TEXT(ValueError, "[transpose] [0] is not a permutation of the 2 axes of shape (2, 3)",
                    transpose(x, {0}));
  CHECK_THROWS_TEXT(ValueError, "[transpose] [1, 1] is not a permutation", transpose(x, {1, 1}));
  CHECK_THROWS_TEXT(ValueError, "[transpose] [0, 2] is not a permutation", transpose(x, {0, 2}));
  CHECK_THROWS_TEXT(ValueError, "[concat] expected at least one tensor, received none", concat({}, 0));
  CHECK_THROWS_TEXT(ValueError, "[concat] shapes must agree but for axis 0: (2, 3) and, at position 1, (2, 4)",
                    concat({x, ones({2, 4})}, 0));
  CHECK_THROWS_TEXT(ValueError, "[concat] shapes must agree but for axis 0: (2, 3) and, at position 2, (3,)",
                    concat({x, x, ones({3})}, 0));
  CHECK_THROWS_TEXT(TypeError, "[concat] dtypes differ: float32 and, at position 1, int32",
                    concat({x, ones({2, 3}, int32)}, 0));
  CHECK_THROWS_TEXT(IndexError, "[concat] axis 2 is outside", concat({x, x}, 2));
  CHECK_THROWS_TEXT(IndexError, "[concat] axis 0 is outside a tensor of rank 0", concat({ones({}), ones({})}, 0));
  CHECK_THROWS_TEXT(ValueError, "[stack] shapes must agree: (2, 3) and (3,)", stack({x, ones({3})}));
  CHECK_THROWS_TEXT(TypeError, "[stack] dtypes differ: float32 and float64", stack({x, ones({2, 3}, float64)}));
  CHECK_THROWS_TEXT(ValueError, "[stack] expected at least one tensor, received none", stack({}));
  CHECK_THROWS_TEXT(ValueError, "[slice] expected a begin and a size for each axis of shape (2, 3): received 1 and 2",
                    slice(x, {0}, {1, 1}));
  CHECK_THROWS_TEXT(IndexError, "[slice] begin 1 and size 3 do not fit axis 1 of shape (2, 3)",
                    slice(x, {0, 1}, {1, 3}));
  CHECK_THROWS_TEXT(IndexError, "[slice] begin 3 and size -1 do not fit axis 0", slice(x, {3, 0}, {-1, -1}));
  CHECK_THROWS_TEXT(IndexError, "[slice] begin -1 and size 1 do not fit axis 0", slice(x, {-1, 0}, {1, 1}));
  CHECK_THROWS_TEXT(IndexError, "[slice] begin 0 and size -2 do not fit axis 0", slice(x, {0, 0}, {-2, 1}));
  CHECK_THROWS_TEXT(IndexError, "begin 1 and size 2 do not fit axis 0 of shape (2, 3)", slice_axis(x, 0, 1, 2));
  CHECK_THROWS_TEXT(IndexError, "[slice_axis] axis 2 is outside", slice_axis(x, 2, 0, 1));
  CHECK_THROWS_TEXT(IndexError, "[gather] index 2 at position 1 is outside axis 0 of shape (2, 3)",
                    gather(x, constant({1, 2})));
  CHECK_THROWS_TEXT(IndexError, "[gather] index -1 at position 0 is outside axis 1", gather(x, constant({-1}), 1));
  CHECK_THROWS_TEXT(TypeError, "[gather] expected integer indices, received float32", gather(x, constant({1.0})));
  CHECK_THROWS_TEXT(IndexError, "[gather] axis 0 is outside a tensor of rank 0", gather(ones({}), constant({0})));
  CHECK_THROWS_TEXT(ValueError, "[broadcast_to] shape (2, 3) does not broadcast to (3, 3)", broadcast_to(x, {3, 3}));
  CHECK_THROWS_TEXT(ValueError, "[broadcast_to] shape (2, 3) does not broadcast to (3,)", broadcast_to(x, {3}));
}
