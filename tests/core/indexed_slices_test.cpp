#include "xtape/core/indexed_slices.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

using namespace xtape;

namespace {
/// Rows 3, 0 and 3 again of a [4, 2] tensor.
IndexedSlices example() {
  return {constant({{1.f, 2.f}, {3.f, 4.f}, {10.f, 20.f}}), constant(std::vector<std::int64_t>{3, 0, 3}, {3}), {4, 2}};
}
const std::vector<double> whole{3, 4, 0, 0, 0, 0, 11, 22};
}  // namespace

TEST_CASE("indexed slices: a tensor of slices has the elements of the whole") {
  const Tensor t = to_tensor(example());
  CHECK(t.shape() == Shape{4, 2});
  CHECK(t.dtype() == float32);
  CHECK(t.size() == 8);
  const auto slices = indexed_slices(t);
  REQUIRE(slices);
  CHECK_TENSOR_EQ(slices->values, example().values);
  CHECK_TENSOR_EQ(slices->indices, example().indices);
  CHECK(slices->dense_shape == Shape{4, 2});
  CHECK_CLOSE(t, whole, 0);
  CHECK(indexed_slices(t));  // it still knows
  CHECK_CLOSE(t * 2, to_tensor(example()) + to_tensor(example()), 0);
  CHECK_CLOSE(reshape(to_tensor(example()), {8}), whole, 0);
  CHECK_CLOSE(slice_axis(to_tensor(example()), 0, 3, 1), {11, 22}, 0);
  CHECK(reduce_sum(to_tensor(example())).item() == 40);
}

TEST_CASE("indexed slices: an ordinary tensor has none, nor has a result of ops") {
  CHECK_FALSE(indexed_slices(zeros({4, 2})));
  CHECK_FALSE(indexed_slices(Tensor()));
  CHECK_FALSE(indexed_slices(to_tensor(example()) * 1));
}

TEST_CASE("indexed slices: combined adds up what is repeated and sorts") {
  const IndexedSlices c = combined(example());
  CHECK_CLOSE(c.values, constant({{3.f, 4.f}, {11.f, 22.f}}), 0);
  CHECK_CLOSE(c.indices, {0, 3}, 0);
  CHECK_CLOSE(to_tensor(c), whole, 0);
  CHECK(combined(c).values.is_same(c.values));  // nothing to do
  const IndexedSlices none{zeros({0, 2}), constant(std::vector<std::int64_t>{}, {0}), {4, 2}};
  CHECK(combined(none).indices.size() == 0);
  CHECK_CLOSE(to_tensor(none), zeros({4, 2}), 0);
}

TEST_CASE("indexed slices: what does not fit") {
  const Tensor i = constant(std::vector<std::int64_t>{0}, {1});
  CHECK_THROWS_TEXT(TypeError, "[IndexedSlices] expected int64 indices, received int32",
                    to_tensor({zeros({1, 2}), cast(i, int32), {4, 2}}));
  CHECK_THROWS_TEXT(ValueError,
                    "[IndexedSlices] values (2, 2) and indices (1,) are no rows of a tensor of shape (4, 2)",
                    to_tensor({zeros({2, 2}), i, {4, 2}}));
  CHECK_THROWS_TEXT(ValueError, "are no rows", to_tensor({zeros({1, 3}), i, {4, 2}}));
  CHECK_THROWS_TEXT(ValueError, "are no rows", to_tensor({zeros({1}), i, {}}));
  CHECK_THROWS_TEXT(IndexError, "[IndexedSlices] index 4 is outside axis 0 of shape (4, 2)",
                    to_tensor({zeros({1, 2}), constant(std::vector<std::int64_t>{4}, {1}), {4, 2}}));
}
