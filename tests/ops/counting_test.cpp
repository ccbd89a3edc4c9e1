#include "xtape/ops/counting.hpp"

#include <limits>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/segments.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> counting_alone{{"argwhere"}, {"nonzero"}, {"unique"}, {"bincount"}, {"searchsorted"}, {"histogram"}};

OpInputs numbers(int call) { return {tensor({1.0 + call % 3, 0, 4, 1}, int64), fresh({4}, call)}; }
OpInputs negative() { return {tensor({1, -1, 2, 0}, int64), ones({4})}; }

const FunctionRows counting_replays{
    {.op = "argwhere",
     .f = [](const OpInputs& x) { return argwhere(x[0] > 0); },
     .inputs = fresh_inputs({{3, 2}}),
     .looks_at_elements = true},
    {.op = "nonzero",
     .f = [](const OpInputs& x) { return nonzero(x[0] > 0).at(1); },
     .inputs = fresh_inputs({{3, 2}}),
     .looks_at_elements = true},
    {.op = "unique",
     .f = [](const OpInputs& x) { return unique(xtape::round(x[0])).counts; },
     .inputs = fresh_inputs({{9}}),
     .looks_at_elements = true},
    {.op = "bincount",
     .f = [](const OpInputs& x) { return bincount(x[0], x[1]); },
     .inputs = numbers,
     .looks_at_elements = true},
    {"bincount", [](const OpInputs& x) { return bincount(x[0], x[1], {.length = 4}); }, numbers, negative},
    {"bincount", [](const OpInputs& x) { return bincount(x[0], {.length = 3}) * cast(x[1] > 0, int64)[0]; }, numbers,
     negative},
    {"searchsorted", [](const OpInputs& x) { return searchsorted(xtape::sort(x[0]), x[1]); },
     fresh_inputs({{6}, {2, 3}})},
    {"searchsorted", [](const OpInputs& x) { return searchsorted(xtape::sort(x[0]), x[1], {.side = "right"}); },
     fresh_inputs({{2, 6}, {2, 3}})},
    {"histogram", [](const OpInputs& x) { return histogram(x[0], {.bins = 4}).counts; }, fresh_inputs({{3, 7}}),
     [] {
       return OpInputs{full({3, 7}, NAN)};
     }},
    {"histogram", [](const OpInputs& x) { return histogram(x[0]).edges; }, fresh_inputs({{3, 7}}),
     [] {
       return OpInputs{full({3, 7}, INFINITY)};
     }},
};

}  // namespace

TEST_CASE("argwhere, nonzero: places in order, of every dtype") {
  const Tensor x = constant({{3, 0, 0}, {0, 4, 0}, {5, 6, 0}});
  for (const DType dtype : {int32, int64, uint8, boolean, bfloat16, float32, float64}) {
    CHECK_CLOSE(argwhere(cast(x, dtype)), tensor({0, 0, 1, 1, 2, 0, 2, 1}, {4, 2}), 0);
    const Tensors axes = nonzero(cast(x, dtype));  // NumPy's documentation
    REQUIRE(axes.size() == 2);
    CHECK_CLOSE(axes[0], {0, 1, 2, 2}, 0);
    CHECK_CLOSE(axes[1], {0, 1, 0, 1}, 0);
  }
  CHECK(argwhere(x).dtype() == int64);
  CHECK_CLOSE(nonzero(tensor({NAN, -0.0, 1e-30, 0}))[0], {0, 2}, 0);
  CHECK(argwhere(zeros({2, 3})).shape() == Shape{0, 2});
  CHECK(argwhere(zeros({0, 3})).shape() == Shape{0, 2});
  CHECK(argwhere(constant(true)).shape() == Shape{1, 0});
  CHECK_THROWS_TEXT(ValueError, "[nonzero] expected a tensor of rank 1 or more, received a scalar",
                    nonzero(constant(1.0)));
}

TEST_CASE("unique: values, first places, inverse and counts, as in NumPy's documentation") {
  const Tensor x = constant({1, 2, 6, 4, 2, 3, 2});
  for (const DType dtype : {int32, int64, uint8, bfloat16, float32, float64}) {
    const Unique found = unique(cast(x, dtype));
    CHECK(found.values.dtype() == dtype);
    CHECK_CLOSE(found.values, {1, 2, 3, 4, 6}, 0);
    CHECK_CLOSE(found.indices, {0, 1, 5, 3, 2}, 0);
    CHECK_CLOSE(found.inverse, {0, 1, 4, 3, 1, 2, 1}, 0);
    CHECK_CLOSE(found.counts, {1, 3, 1, 1, 1}, 0);
  }
  const Unique bools = unique(constant({{true, false}, {true, true}}));
  CHECK_CLOSE(bools.values, {0, 1}, 0);
  CHECK_CLOSE(bools.inverse, tensor({1, 0, 1, 1}, {2, 2}), 0);
  const Unique nans = unique(tensor({NAN, 1, -INFINITY, NAN, INFINITY}));
  CHECK_CLOSE(nans.values, {-INFINITY, 1, INFINITY, NAN}, 0);
  CHECK_CLOSE(nans.counts, {1, 1, 1, 2}, 0);
  CHECK(unique(zeros({0, 3})).values.shape() == Shape{0});
  CHECK(unique(zeros({0, 3})).inverse.shape() == Shape{0, 3});
}

TEST_CASE("unique: the gradient goes to the first element of each value") {
  const Tensor x = tensor({2, 1, 2, 3});
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(tape.gradient(unique(x).values * tensor({10, 20, 30}), x), {20, 10, 0, 30}, 0);
}

TEST_CASE("bincount: counts, weights, lengths") {
  const Tensor x = constant({0, 1, 1, 3, 2, 1, 7});  // NumPy's documentation
  for (const DType dtype : {int32, int64, uint8}) CHECK_CLOSE(bincount(cast(x, dtype)), {1, 3, 1, 1, 0, 0, 0, 1}, 0);
  CHECK(bincount(x).dtype() == int64);
  CHECK_CLOSE(bincount(x, {.length = 3}), {1, 3, 1}, 0);
  CHECK_CLOSE(bincount(constant({1}), {.minlength = 4}), {0, 1, 0, 0}, 0);
  CHECK(bincount(zeros({0}, int64)).shape() == Shape{0});
  const Tensor weights = tensor({0.3, 0.5, 0.2, 0.7, 1, -0.6}), ids = constant({0, 1, 1, 2, 2, 2});
  CHECK_CLOSE(bincount(ids, weights), {0.3, 0.7, 1.1}, 1e-15);
  CHECK(check_gradients([&](const Tensor& w) { return bincount(ids, w, {.length = 2}); }, weights));
  CHECK_THROWS_TEXT(ValueError, "[bincount] expected numbers of at least 0, received -1 at position 1",
                    bincount(constant({0, -1})));
  CHECK_THROWS_TEXT(ValueError, "[bincount] expected a vector, received shape (2, 1)", bincount(zeros({2, 1}, int32)));
  CHECK_THROWS_TEXT(ValueError, "[bincount] expected lengths of at least 0", bincount(x, {.length = -1}));
  CHECK_THROWS_TEXT(ValueError, "[bincount] expected a weight for each number", bincount(x, ones({2})));
  CHECK_THROWS_TEXT(TypeError, "[bincount] expected a vector of integers, received float32", bincount(ones({2})));
}

TEST_CASE("searchsorted: both sides, NaN, rows") {
  const Tensor line = tensor({11, 12, 13, 14, 15});  // NumPy's documentation
  CHECK_CLOSE(searchsorted(line, tensor({13, -20, 20})), {2, 0, 5}, 0);
  CHECK_CLOSE(searchsorted(line, 13, {.side = "right"}), 3, 0);
  CHECK_CLOSE(searchsorted(tensor({1, 2, 2, NAN}), tensor({2, NAN, INFINITY})), {1, 3, 3}, 0);
  CHECK_CLOSE(searchsorted(tensor({1, 2, 2, NAN}), tensor({2, NAN, INFINITY}), {.side = "right"}), {3, 4, 3}, 0);
  const Tensor rows = tensor({1, 3, 5, 2, 4, 6}, {2, 3});  // PyTorch's documentation
  CHECK_CLOSE(searchsorted(rows, tensor({3, 4, 3, 4}, {2, 2})), tensor({1, 2, 1, 1}, {2, 2}), 0);
  for (const DType dtype : {int32, int64, uint8, bfloat16, float32, boolean}) {
    const Tensor y = searchsorted(tensor({0, 1}, dtype), tensor({0, 1, 1}, {3, 1}, dtype), {.side = "right"});
    CHECK_CLOSE(y, tensor({1, 2, 2}, {3, 1}), 0);
    CHECK(y.dtype() == int64);
  }
  CHECK_CLOSE(searchsorted(zeros({0}), ones({2})), {0, 0}, 0);
  CHECK(searchsorted(line, zeros({0, 2}, float64)).shape() == Shape{0, 2});
  CHECK_THROWS_TEXT(ValueError, "[searchsorted] the side must be \"left\" or \"right\": received \"up\"",
                    searchsorted(line, line, {.side = "up"}));
  CHECK_THROWS_TEXT(ValueError,
                    "[searchsorted] expected a vector, or [..., n] and values [..., m], received shapes "
                    "(2, 3) and (3, 2)",
                    searchsorted(rows, zeros({3, 2}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[searchsorted] dtypes differ", searchsorted(line, ones({2})));
}

TEST_CASE("histogram: edges decide, the last bin has both") {
  const auto [counts, edges] = histogram(tensor({1, 2, 1}), {.bins = 3, .range = {{0, 3}}});
  CHECK_CLOSE(counts, {0, 2, 1}, 0);
  CHECK_CLOSE(edges, {0, 1, 2, 3}, 0);
  CHECK(counts.dtype() == int64);
  CHECK_CLOSE(histogram(arange(4), {.bins = 4}).counts, {1, 1, 1, 1}, 0);
  CHECK_CLOSE(histogram(tensor({0, 1, 2, 3, 4, 5}), {.bins = 5}).counts, {1, 1, 1, 1, 2}, 0);
  CHECK_CLOSE(histogram(tensor({-1, NAN, 0.5, 9, 1}), {.bins = 2, .range = {{0, 1}}}).counts, {0, 2}, 0);
  // 0.3 is below the edge 0.30000000000000004 and 0.6 below 0.6000000000000001.
  CHECK_CLOSE(histogram(tensor({0.1, 0.2, 0.3, 0.4, 0.5, 0.6}), {.range = {{0, 1}}}).counts,
              {0, 1, 2, 0, 1, 2, 0, 0, 0, 0}, 0);
  // (x + 1) / (1 / 3.0) is below 1, but x is the second edge.
  CHECK_CLOSE(histogram(tensor({-0.6666666666666667}), {.bins = 6, .range = {{-1, 1}}}).counts, {0, 1, 0, 0, 0, 0}, 0);
  CHECK_CLOSE(histogram(ones({3}), {.bins = 2}).edges, {0.5, 1, 1.5}, 0);
  CHECK_CLOSE(histogram(ones({3}), {.bins = 2}).counts, {0, 3}, 0);
  CHECK_CLOSE(histogram(zeros({0}), {.bins = 2}).edges, {0, 0.5, 1}, 0);
  CHECK(histogram(ones({3}, int32)).edges.dtype() == float64);
  CHECK(histogram(ones({3}, bfloat16)).edges.dtype() == bfloat16);
  CHECK_THROWS_TEXT(ValueError, "[histogram] expected a number of bins of at least 1 that fits into memory, received 0",
                    histogram(ones({2}), {.bins = 0}));
  CHECK_THROWS_TEXT(ValueError, "[histogram] expected a finite range that does not descend, received [1, 0]",
                    histogram(ones({2}), {.range = {{1, 0}}}));
  CHECK_THROWS_TEXT(ValueError, "[histogram] the element inf at position 1 gives no range",
                    histogram(tensor({1, INFINITY})));
}

TEST_CASE("counting: the largest integers are errors, not overflow") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Tensor last = constant(std::vector<std::int64_t>{most});
  CHECK_THROWS_TEXT(ValueError, "fits into memory, received 9223372036854775807", bincount(last));
  CHECK_THROWS_TEXT(ValueError, "fits into memory, received 9223372036854775807", segment_sum(ones({1}), last));
  CHECK_THROWS_TEXT(ValueError, "fits into memory, received 9223372036854775807",
                    unsorted_segment_max(ones({1}), last, most));
  CHECK_THROWS_TEXT(ValueError, "fits into memory, received 9223372036854775807", histogram(ones({2}), {.bins = most}));
  CHECK(reduce_sum(bincount(last, BincountOptions{.length = 2})).item() == 0);
}
