#include "xtape/ops/segments.hpp"

#include <functional>
#include <limits>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// A reduction of segments, that of all elements, and what a segment without elements has in float64.
struct SegmentRow {
  std::string op;
  Tensor (*f)(const Tensor&, const Tensor&, std::int64_t);
  Tensor (*sorted)(const Tensor&, const Tensor&);
  Tensor (*whole)(const Tensor&, const Axes&, bool);
  double none, none_sorted;
};

constexpr double largest = std::numeric_limits<double>::max();
const Table<SegmentRow> segments_table{
    {"unsorted_segment_sum", unsorted_segment_sum, segment_sum, reduce_sum, 0, 0},
    {"unsorted_segment_mean", unsorted_segment_mean, segment_mean, reduce_mean, 0, 0},
    {"unsorted_segment_prod", unsorted_segment_prod, segment_prod, reduce_prod, 1, 1},
    {"unsorted_segment_max", unsorted_segment_max, segment_max, reduce_max, -largest, 0},
    {"unsorted_segment_min", unsorted_segment_min, segment_min, reduce_min, largest, 0},
};
const Table<Alone> segments_alone{{"segment_sum"}, {"segment_mean"}, {"segment_prod"},
                                  {"segment_max"}, {"segment_min"},  {"sequence_mask"}};

OpInputs rows_and_ids(int call) { return {fresh({5, 2}, call), tensor({1, 0, 1.0 + call % 2, -1, 0}, int64)}; }
OpInputs with_bad_id() { return {ones({5, 2}), tensor({1, 0, 4, 0, 0}, int64)}; }

const FunctionRows segments_replays(segments_table, [](const SegmentRow& row) {
  const auto f = row.f;
  return FunctionRow{row.op, [f](const OpInputs& x) { return f(x[0], x[1], 4); }, rows_and_ids, with_bad_id};
});
const FunctionRows sorted_replays(segments_table, [](const SegmentRow& row) {
  const auto f = row.sorted;
  return FunctionRow{.op = row.op.substr(std::string("unsorted_").size()),
                     .f = [f](const OpInputs& x) { return f(x[0], x[1]); },
                     .inputs =
                         [](int call) {
                           return OpInputs{fresh({3, 2}, call), tensor({0, 0, 1.0 + call}, int64)};
                         },
                     .looks_at_elements = true};
});
const FunctionRows mask_replays{
    {"sequence_mask", [](const OpInputs& x) { return sequence_mask(x[0], 4); },
     [](int call) {
       return OpInputs{tensor({1.0 + call, 0, 2}, int64)};
     }},
    {.op = "sequence_mask",
     .f = [](const OpInputs& x) { return sequence_mask(x[0]); },
     .inputs =
         [](int call) {
           return OpInputs{tensor({1.0 + call, 0, 2}, int64)};
         },
     .looks_at_elements = true},
};

}  // namespace

TEST_CASE("segments: each has the reduction of its elements") {
  const Tensor x = some({6, 2}), ids = tensor({2, 0, 2, -1, 0, 0}, int64);
  for (const auto& row : segments_table) {
    CAPTURE(row.op);
    const auto of = [&](std::vector<std::int64_t> rows) { return row.whole(gather(x, constant(rows)), 0, true); };
    const Tensor y = row.f(x, ids, 4), none = full({1, 2}, row.none, float64);
    CHECK_CLOSE(y, concat({of({1, 4, 5}), none, of({0, 2}), none}, 0), 1e-15);
    const Tensor ascending = tensor({0, 0, 0, 2, 2, 2}, int32);
    CHECK_CLOSE(row.sorted(x, ascending),
                concat({of({0, 1, 2}), full({1, 2}, row.none_sorted, float64), of({3, 4, 5})}, 0), 1e-15);
    CHECK(row.f(zeros({0, 3}), zeros({0}, int64), 2).shape() == Shape{2, 3});
    CHECK(row.sorted(zeros({0, 3}), zeros({0}, int64)).shape() == Shape{0, 3});
    CHECK(row.f(x, ids, 3).shape() == Shape{3, 2});
  }
}

TEST_CASE("segments: ids of several axes, and of all of them") {
  const Tensor x = tensor({1, 2, 3, 4}, {2, 2}), ids = tensor({0, 1, 0, 0}, {2, 2}, int64);
  CHECK_CLOSE(unsorted_segment_sum(x, ids, 2), {8, 2}, 0);
  CHECK_CLOSE(unsorted_segment_max(x, ids, 2), {4, 2}, 0);
  CHECK_CLOSE(unsorted_segment_mean(expand_dims(x, 2), ids, 2), tensor({8.0 / 3, 2}, {2, 1}), 1e-15);
}

TEST_CASE("segments: dtypes") {
  for (const auto& row : segments_table) {
    CAPTURE(row.op);
    for (const DType dtype : {int32, int64, uint8, bfloat16, float32, boolean}) {
      CAPTURE(name(dtype));
      const Tensor x = tensor({1, 2, 3}, dtype), ids = tensor({0, 0, 1}, uint8);
      if (dtype == boolean || (row.whole == static_cast<decltype(row.whole)>(reduce_mean) && is_integer(dtype))) {
        CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a ", row.f(x, ids, 2));
      } else {
        const Tensor y = row.f(x, ids, 2);
        CHECK(y.dtype() == dtype);
        CHECK_CLOSE(y, stack({row.whole(slice_axis(x, 0, 0, 2), {}, false), Tensor(x[2])}), 0);
      }
    }
  }
}

TEST_CASE("segments: gradients of both orders, ties and zeros included") {
  const Tensor ids = tensor({2, 0, 2, -1, 0, 0}, int64);
  for (const auto& row : segments_table) {
    CAPTURE(row.op);
    const GradientCheck check = check_gradients([&](const Tensor& t) { return row.f(t, ids, 4); }, some({6, 2}));
    CHECK_MESSAGE(check, check.message);
  }
  const auto gradient = [](const auto& f, const Tensor& x, const Tensor& segments) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(x, segments, 2), x);
  };
  const Tensor pairs = tensor({0, 0, 1, 1}, int64);
  CHECK_CLOSE(gradient(unsorted_segment_max, tensor({3, 3, 1, 2}), pairs), {0.5, 0.5, 0, 1}, 0);
  CHECK_CLOSE(gradient(unsorted_segment_prod, tensor({0, 3, 0, 0}), pairs), {3, 0, 0, 0}, 0);
  const auto product = [&](const Tensor& t) { return unsorted_segment_prod(t, pairs, 2); };
  CHECK(check_gradients(product, tensor({0, 3, 2, 0})));
}

TEST_CASE("segments: errors") {
  const Tensor x = ones({3, 2});
  for (const auto& row : segments_table) {
    CAPTURE(row.op);
    const std::string op = "[" + row.op + "] ", sorted = "[" + row.op.substr(9) + "] ";
    CHECK_THROWS_TEXT(IndexError, op + "id 2 at position 1 is outside 2 segments",
                      row.f(x, tensor({0, 2, 0}, int64), 2));
    CHECK_THROWS_TEXT(ValueError, op + "expected ids with the first axes of the data, received shapes (2,) and (3, 2)",
                      row.f(x, zeros({2}, int64), 2));
    CHECK_THROWS_TEXT(ValueError, op + "expected a number of segments of at least 0 that fits into memory, received -1",
                      row.f(x, zeros({3}, int64), -1));
    CHECK_THROWS_TEXT(TypeError, op + "expected integer ids, received float32", row.f(x, zeros({3}), 2));
    CHECK_THROWS_TEXT(ValueError, sorted + "expected ids of at least 0 that do not descend, received 0 at position 1",
                      row.sorted(x, tensor({1, 0, 1}, int64)));
    CHECK_THROWS_TEXT(ValueError, sorted + "expected ids of at least 0 that do not descend, received -1 at position 0",
                      row.sorted(x, tensor({-1, 0, 1}, int64)));
    CHECK_THROWS_TEXT(ValueError, sorted + "expected a vector of ids", row.sorted(x, zeros({2}, int64)));
  }
}

TEST_CASE("sequence_mask: as in TensorFlow's documentation") {
  const Tensor lengths = tensor({1, 3, 2}, int32);
  CHECK_CLOSE(sequence_mask(lengths, 5), tensor({1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0}, {3, 5}), 0);
  CHECK(sequence_mask(lengths, 5).dtype() == boolean);
  CHECK_CLOSE(sequence_mask(tensor({1, 3, 2, 0}, {2, 2}, uint8)),
              tensor({1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0}, {2, 2, 3}), 0);
  CHECK(sequence_mask(zeros({0}, int64)).shape() == Shape{0, 0});
  CHECK_THROWS_TEXT(ValueError, "[sequence_mask] expected a maxlen of at least 0, received -1",
                    sequence_mask(lengths, -1));
  CHECK_THROWS_TEXT(TypeError, "[sequence_mask] expected integer lengths, received float32", sequence_mask(ones({2})));
}
