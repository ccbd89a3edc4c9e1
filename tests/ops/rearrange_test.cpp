#include "xtape/ops/rearrange.hpp"
#include "ops/movement_table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/padding.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

Tensor reversed(const Tensors& pieces, int axis) {
  return concat(std::vector<Tensor>(pieces.rbegin(), pieces.rend()), axis);
}

const Table<Movement> rearrange_table{
    {"unstack", {{2, 3}}, MOVE(stack(unstack(x), 1)), {3, 2}, {0, 3, 1, 4, 2, 5}},
    {"unstack", {{2, 3}}, MOVE(unstack(x, -1).at(1)), {2}, {1, 4}},
    {"unstack", {{2, 1, 2}}, MOVE(stack(unstack(x, 2))), {2, 2, 1}, {0, 2, 1, 3}},
    {"unstack", {{3}}, MOVE(unstack(x).at(2)), {}, {2}},
    {"unstack", {{1, 0}}, MOVE(unstack(x).at(0)), {0}, {}},
    {"split", {{4, 2}}, MOVE(reversed(split(x, 2), 0)), {4, 2}, {4, 5, 6, 7, 0, 1, 2, 3}},
    {"split", {{2, 3}}, MOVE(reversed(split(x, 3, 1), 1)), {2, 3}, {2, 1, 0, 5, 4, 3}},
    {"split", {{2, 3}}, MOVE(reversed(split(x, {1, 2}, -1), 1)), {2, 3}, {1, 2, 0, 4, 5, 3}},
    {"split", {{4, 1}}, MOVE(split(x, {1, -1, 1}).at(1)), {2, 1}, {1, 2}},
    {"split", {{3}}, MOVE(split(x, {3}).at(0)), {3}, count(3)},
    {"split", {{2, 2}}, MOVE(split(x, {0, 2}, 1).at(1)), {2, 2}, count(4)},
    {"split", {{0, 2}}, MOVE(split(x, 3).at(2)), {0, 2}, {}},
    {"swapaxes", {{2, 3}}, MOVE(swapaxes(x, 0, -1)), {3, 2}, {0, 3, 1, 4, 2, 5}},
    {"swapaxes", {{2, 1, 3}}, MOVE(swapaxes(x, 0, 1)), {1, 2, 3}, count(6)},
    {"moveaxis", {{2, 1, 3}}, MOVE(moveaxis(x, 0, -1)), {1, 3, 2}, {0, 3, 1, 4, 2, 5}},
    {"moveaxis", {{2, 1, 3}}, MOVE(moveaxis(x, 2, 0)), {3, 2, 1}, {0, 3, 1, 4, 2, 5}},
    {"tile", {{2}}, MOVE(tile(x, {3})), {6}, {0, 1, 0, 1, 0, 1}},
    {"tile", {{2, 2}}, MOVE(tile(x, {2, 1})), {4, 2}, {0, 1, 2, 3, 0, 1, 2, 3}},
    {"tile", {{2, 2}}, MOVE(tile(x, {1, 2})), {2, 4}, {0, 1, 0, 1, 2, 3, 2, 3}},
    {"tile", {{1, 2}}, MOVE(tile(x, {2, 2})), {2, 4}, {0, 1, 0, 1, 0, 1, 0, 1}},
    {"tile", {{}}, MOVE(tile(x, {})), {}, {0}},
    {"tile", {{2, 2}}, MOVE(tile(x, {1, 0})), {2, 0}, {}},
    {"repeat", {{3}}, MOVE(repeat(x, 2, 0)), {6}, {0, 0, 1, 1, 2, 2}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, 2, 0)), {4, 2}, {0, 1, 0, 1, 2, 3, 2, 3}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, 2, -1)), {2, 4}, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, {2, 1}, 0)), {3, 2}, {0, 1, 0, 1, 2, 3}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, {0, 2}, 1)), {2, 2}, {1, 1, 3, 3}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, {2}, 1)), {2, 4}, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"repeat", {{2, 2}}, MOVE(repeat(x, 2)), {8}, {0, 0, 1, 1, 2, 2, 3, 3}},
    {"repeat", {{}}, MOVE(repeat(x, 3)), {3}, {0, 0, 0}},
    {"repeat", {{2}}, MOVE(repeat(x, 0, 0)), {0}, {}},
    {"reverse", {{3}}, MOVE(reverse(x, {0})), {3}, {2, 1, 0}},
    {"reverse", {{2, 3}}, MOVE(reverse(x, {0})), {2, 3}, {3, 4, 5, 0, 1, 2}},
    {"reverse", {{2, 3}}, MOVE(reverse(x, {-1})), {2, 3}, {2, 1, 0, 5, 4, 3}},
    {"reverse", {{2, 3}}, MOVE(reverse(x, {0, 1})), {2, 3}, {5, 4, 3, 2, 1, 0}},
    {"reverse", {{2, 2, 2}}, MOVE(reverse(x, {0, 2})), {2, 2, 2}, {5, 4, 7, 6, 1, 0, 3, 2}},
    {"reverse", {{2}}, MOVE(reverse(x, {})), {2}, {0, 1}},
    {"reverse", {{0, 2}}, MOVE(reverse(x, {0})), {0, 2}, {}},
    {"roll", {{5}}, MOVE(roll(x, 2, 0)), {5}, {3, 4, 0, 1, 2}},
    {"roll", {{5}}, MOVE(roll(x, -1, 0)), {5}, {1, 2, 3, 4, 0}},
    {"roll", {{5}}, MOVE(roll(x, -6, 0)), {5}, {1, 2, 3, 4, 0}},
    {"roll", {{2, 3}}, MOVE(roll(x, 1, 0)), {2, 3}, {3, 4, 5, 0, 1, 2}},
    {"roll", {{2, 3}}, MOVE(roll(x, 1, 1)), {2, 3}, {2, 0, 1, 5, 3, 4}},
    {"roll", {{2, 3}}, MOVE(roll(x, {1, -1}, {0, 1})), {2, 3}, {4, 5, 3, 1, 2, 0}},
    {"roll", {{3}}, MOVE(roll(x, {1, 1}, {0, 0})), {3}, {1, 2, 0}},
    {"roll", {{0}}, MOVE(roll(x, 1, 0)), {0}, {}},
    {"meshgrid", {{3}, {2}}, MOVE(stack(meshgrid(in))), {2, 2, 3}, {0, 1, 2, 0, 1, 2, 3, 3, 3, 4, 4, 4}},
    {"meshgrid",
     {{3}, {2}},
     MOVE(stack(meshgrid(in, {.indexing = "ij"}))),
     {2, 3, 2},
     {0, 0, 1, 1, 2, 2, 3, 4, 3, 4, 3, 4}},
    {"meshgrid", {{1}, {2}, {2}}, MOVE(stack(meshgrid(in), -1)), {2, 1, 2, 3}, {0, 1, 3, 0, 1, 4, 0, 2, 3, 0, 2, 4}},
    {"meshgrid", {{}, {2}}, MOVE(stack(meshgrid(in))), {2, 2, 1}, {0, 0, 1, 2}},
    {"tril", {{3, 3}}, MOVE(tril(x)), {3, 3}, {0, 0, 0, 3, 4, 0, 6, 7, 8}},
    {"tril", {{2, 3}}, MOVE(tril(x, 1)), {2, 3}, {0, 1, 0, 3, 4, 5}},
    {"tril", {{3, 2}}, MOVE(tril(x, -1)), {3, 2}, {0, 0, 2, 0, 4, 5}},
    {"tril", {{2, 2, 2}}, MOVE(tril(x)), {2, 2, 2}, {0, 0, 2, 3, 4, 0, 6, 7}},
    {"tril", {{2, 2}}, MOVE(tril(x, INT64_MIN)), {2, 2}, {0, 0, 0, 0}},
    {"triu", {{3, 3}}, MOVE(triu(x)), {3, 3}, {0, 1, 2, 0, 4, 5, 0, 0, 8}},
    {"triu", {{2, 3}}, MOVE(triu(x, 1)), {2, 3}, {0, 1, 2, 0, 0, 5}},
    {"triu", {{3, 2}}, MOVE(triu(x, -1)), {3, 2}, {0, 1, 2, 3, 0, 5}},
    {"triu", {{2, 2}}, MOVE(triu(x, INT64_MIN)), {2, 2}, count(4)},
    {"triu", {{0, 2}}, MOVE(triu(x)), {0, 2}, {}},
    {"pad", {{2, 2}}, MOVE(pad(x, {{1, 0}, {0, 2}})), {3, 4}, {0, 0, 0, 0, 0, 1, 0, 0, 2, 3, 0, 0}},
    {"pad", {{3}}, MOVE(pad(x, {{1, 1}}, {.constant_values = 7})), {5}, {7, 0, 1, 2, 7}},
    {"pad", {{}}, MOVE(pad(x, {})), {}, {0}},
    {"pad", {{0}}, MOVE(pad(x, {{1, 1}})), {2}, {0, 0}},
    {"pad", {{3}}, MOVE(pad(x, {{2, 1}}, {.mode = "reflect"})), {6}, {2, 1, 0, 1, 2, 1}},
    {"pad", {{3}}, MOVE(pad(x, {{3, 1}}, {.mode = "symmetric"})), {7}, {2, 1, 0, 0, 1, 2, 2}},
    // The example of tf.pad's documentation, with elements from 0.
    {"pad", {{2, 3}}, MOVE(pad(x, {{1, 1}, {2, 2}}, {.mode = "reflect"})), {4, 7}, {5, 4, 3, 4, 5, 4, 3, 2, 1, 0,
                                                                                    1, 2, 1, 0, 5, 4, 3, 4, 5, 4,
                                                                                    3, 2, 1, 0, 1, 2, 1, 0}},
    {"pad", {{2, 3}}, MOVE(pad(x, {{1, 1}, {2, 2}}, {.mode = "symmetric"})), {4, 7}, {1, 0, 0, 1, 2, 2, 1, 1, 0, 0,
                                                                                      1, 2, 2, 1, 4, 3, 3, 4, 5, 5,
                                                                                      4, 4, 3, 3, 4, 5, 5, 4}},
    {"pad", {{2}}, MOVE(pad(x, {{0, 0}}, {.mode = "reflect"})), {2}, {0, 1}},
    {"pad", {{3}}, MOVE(pad(x, {{4, 1}}, {.mode = "edge"})), {8}, {0, 0, 0, 0, 0, 1, 2, 2}},
    {"pad", {{2, 2}}, MOVE(pad(x, {{1, 0}, {0, 2}}, {.mode = "edge"})), {3, 4}, {0, 1, 1, 1, 0, 1, 1, 1, 2, 3, 3, 3}},
    {"pad", {{0, 1}}, MOVE(pad(x, {{0, 0}, {1, 1}}, {.mode = "edge"})), {0, 3}, {}},
    // The examples of np.rot90's documentation, with elements from 0.
    {"rot90", {{2, 2}}, MOVE(rot90(x)), {2, 2}, {1, 3, 0, 2}},
    {"rot90", {{2, 2}}, MOVE(rot90(x, 2)), {2, 2}, {3, 2, 1, 0}},
    {"rot90", {{2, 2, 2}}, MOVE(rot90(x, 1, 1, 2)), {2, 2, 2}, {1, 3, 0, 2, 5, 7, 4, 6}},
    {"rot90", {{2, 3}}, MOVE(rot90(x, -1)), {3, 2}, {3, 0, 4, 1, 5, 2}},
    {"rot90", {{2, 3}}, MOVE(rot90(x, 5)), {3, 2}, {2, 5, 1, 4, 0, 3}},
    {"rot90", {{2, 3}}, MOVE(rot90(x, 1, 1, 0)), {3, 2}, {3, 0, 4, 1, 5, 2}},
    {"rot90", {{2, 1}}, MOVE(rot90(x, 0)), {2, 1}, {0, 1}},
    {"rot90", {{0, 2}}, MOVE(rot90(x)), {2, 0}, {}},
    {"nn::space_to_depth", {{1, 2, 4, 1}}, MOVE(nn::space_to_depth(x, 2)), {1, 1, 2, 4}, {0, 1, 4, 5, 2, 3, 6, 7}},
    {"nn::space_to_depth", {{1, 2, 2, 2}}, MOVE(nn::space_to_depth(x, 1)), {1, 2, 2, 2}, count(8)},
    {"nn::space_to_depth", {{0, 2, 2, 1}}, MOVE(nn::space_to_depth(x, 2)), {0, 1, 1, 4}, {}},
    {"nn::depth_to_space", {{1, 1, 2, 4}}, MOVE(nn::depth_to_space(x, 2)), {1, 2, 4, 1}, {0, 1, 4, 5, 2, 3, 6, 7}},
    {"nn::depth_to_space", {{1, 1, 1, 8}}, MOVE(nn::depth_to_space(x, 2)), {1, 2, 2, 2}, count(8)},
};

const FunctionRows rearrange_replays(rearrange_table, [](const auto& row) { return under_function(row); });

}  // namespace

TEST_CASE("rearranging ops: elements, gradients and dtypes") { check_movements(rearrange_table); }

TEST_CASE("rearranging ops: pieces along axis 0 share the elements") {
  const Tensor x = some({4, 3});
  CHECK(unstack(x)[1].impl()->owner == x.impl());
  CHECK(split(x, 2)[1].impl()->owner == x.impl());
  CHECK(split(x, 3, 1)[1].impl()->owner != x.impl());
  CHECK(unstack(zeros({0, 3})).empty());
}

TEST_CASE("rearranging ops: a piece that nothing depends on has a gradient of zeros") {
  const Tensor x = some({4, 3});
  const auto gradient = [&x](auto f) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(), x);
  };
  CHECK_CLOSE(gradient([&] { return unstack(x)[2] * 5; }), {0, 0, 0, 0, 0, 0, 5, 5, 5, 0, 0, 0});
  CHECK_CLOSE(gradient([&] { return split(x, {1, 2}, 1)[0] * 2; }), {2, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0});
}

TEST_CASE("rearranging ops: large arrays, on one thread and on several") {
  const Tensor x = some({300, 7, 211}, float32);
  const std::function<Tensor()> calls[] = {
      [&] {
        return reverse(x, {0, 2});
      },
      [&] { return roll(x, 100, 2); },
      [&] { return roll(x, 100, 0); },
      [&] { return tril(x, -3); },
      [&] {
        return tile(x, {2, 1, 2});
      },
      [&] { return repeat(x, 2, -1); },
      [&] {
        return pad(x, {{1, 2}, {3, 4}, {5, 6}}, {.mode = "reflect"});
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
  CHECK_TENSOR_EQ(reverse(reverse(x, {0, 2}), {0, 2}), x);
  CHECK_TENSOR_EQ(roll(roll(x, 100, 2), -100, 2), x);
  CHECK_TENSOR_EQ(tril(x, -3) + triu(x, -2), x);
}

TEST_CASE("rearranging ops: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(IndexError, "[unstack] axis 2 is outside", unstack(x, 2));
  CHECK_THROWS_TEXT(IndexError, "[unstack] axis 0 is outside a tensor of rank 0", unstack(ones({})));
  CHECK_THROWS_TEXT(ValueError, "[split] 2 equal parts do not fit axis 1 of shape (2, 3)", split(x, 2, 1));
  CHECK_THROWS_TEXT(ValueError, "[split] 0 equal parts do not fit axis 0", split(x, 0));
  CHECK_THROWS_TEXT(ValueError, "[split] sizes [1, 1] do not add up to axis 1 of shape (2, 3)", split(x, {1, 1}, 1));
  CHECK_THROWS_TEXT(ValueError, "[split] sizes [4, -1] do not add up to axis 1", split(x, {4, -1}, 1));
  CHECK_THROWS_TEXT(ValueError, "[split] sizes [-1, -1] do not add up to axis 1", split(x, {-1, -1}, 1));
  CHECK_THROWS_TEXT(ValueError, "[split] sizes [-2, 5] do not add up to axis 1", split(x, {-2, 5}, 1));
  CHECK_THROWS_TEXT(IndexError, "[split] axis 2 is outside", split(x, 1, 2));
  CHECK_THROWS_TEXT(IndexError, "[swapaxes] axis 2 is outside", swapaxes(x, 0, 2));
  CHECK_THROWS_TEXT(IndexError, "[moveaxis] axis -3 is outside", moveaxis(x, -3, 0));
  CHECK_THROWS_TEXT(ValueError, "[tile] expected a multiple, not negative, for each axis of shape (2, 3): received [2]",
                    tile(x, {2}));
  CHECK_THROWS_TEXT(ValueError, "received [2, -1]", tile(x, {2, -1}));
  CHECK_THROWS_TEXT(ValueError,
                    "[repeat] expected one number or one for each element of axis 1 of shape (2, 3): received [1, 2]",
                    repeat(x, {1, 2}, 1));
  CHECK_THROWS_TEXT(ValueError, "received [-1]", repeat(x, -1));
  CHECK_THROWS_TEXT(IndexError, "[repeat] axis 2 is outside", repeat(x, 2, 2));
  CHECK_THROWS_TEXT(ValueError, "[reverse] axis -1 is named twice", reverse(x, {1, -1}));
  CHECK_THROWS_TEXT(IndexError, "[reverse] axis 2 is outside", reverse(x, {2}));
  CHECK_THROWS_TEXT(ValueError, "[roll] expected a shift for each axis: received 1 and 2", roll(x, {1}, {0, 1}));
  CHECK_THROWS_TEXT(IndexError, "[roll] axis 2 is outside", roll(x, 1, 2));
  CHECK_THROWS_TEXT(ValueError, "[meshgrid] expected vectors: received shape (2, 3) at position 1",
                    meshgrid({ones({2}), x}));
  CHECK_THROWS_TEXT(ValueError, "[meshgrid] indexing must be \"xy\" or \"ij\": received \"yx\"",
                    meshgrid({ones({2})}, {.indexing = "yx"}));
  CHECK_THROWS_TEXT(ValueError, "[tril] expected a tensor of rank 2 or more: received shape (3,)", tril(ones({3})));
  CHECK_THROWS_TEXT(ValueError, "[triu] expected a tensor of rank 2 or more: received shape ()", triu(ones({})));
  CHECK_THROWS_TEXT(ValueError,
                    "[pad] the mode must be \"constant\", \"reflect\", \"symmetric\" or \"edge\": received \"wrap\"",
                    pad(x, {{0, 0}, {0, 0}}, {.mode = "wrap"}));
  CHECK_THROWS_TEXT(ValueError, "[pad] expected a pair of numbers for each axis of shape (2, 3): received 1",
                    pad(x, {{1, 1}}));
  CHECK_THROWS_TEXT(ValueError, "[pad] paddings -1 and 0 are not possible for axis 1 of shape (2, 3)",
                    pad(x, {{0, 0}, {-1, 0}}));
  CHECK_THROWS_TEXT(ValueError, "paddings 0 and 2 are not possible for axis 0 of shape (2, 3) in mode \"reflect\"",
                    pad(x, {{0, 2}, {0, 0}}, {.mode = "reflect"}));
  CHECK_THROWS_TEXT(ValueError, "paddings 3 and 0 are not possible for axis 0 of shape (2, 3) in mode \"symmetric\"",
                    pad(x, {{3, 0}, {0, 0}}, {.mode = "symmetric"}));
  CHECK_THROWS_TEXT(ValueError, "paddings 1 and 0 are not possible for axis 0 of shape (0,) in mode \"edge\"",
                    pad(ones({0}), {{1, 0}}, {.mode = "edge"}));
  CHECK_THROWS_TEXT(ValueError, "[rot90] expected two axes, received -1 twice", rot90(x, 1, -1, 1));
  CHECK_THROWS_TEXT(
      ValueError,
      "[space_to_depth] expected images [batch, height, width, channels] that blocks of 2 x 2 fit: (1, 3, "
      "2, 1)",
      nn::space_to_depth(ones({1, 3, 2, 1}), 2));
  CHECK_THROWS_TEXT(ValueError, "[space_to_depth] expected images", nn::space_to_depth(x, 2));
  CHECK_THROWS_TEXT(ValueError, "[depth_to_space] expected images", nn::depth_to_space(ones({1, 2, 2, 6}), 2));
  CHECK_THROWS_TEXT(ValueError, "blocks of 0 x 0 fit", nn::depth_to_space(ones({1, 2, 2, 4}), 0));
}
