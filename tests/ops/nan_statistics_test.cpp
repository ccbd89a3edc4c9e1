#include "xtape/ops/nan_statistics.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// A reduction without NaN, that of all elements, and what it gives if there is none.
struct NanRow {
  std::string op;
  Tensor (*f)(const Tensor&, const Axes&, bool);
  Tensor (*whole)(const Tensor&, const Axes&, bool);
  double none;
};

const Table<NanRow> nan_statistics_table{
    {"nansum", nansum, reduce_sum, 0},   {"nanprod", nanprod, reduce_prod, 1}, {"nanmean", nanmean, reduce_mean, NAN},
    {"nanmax", nanmax, reduce_max, NAN}, {"nanmin", nanmin, reduce_min, NAN},  {"nanvar", nanvar, reduce_variance, NAN},
    {"nanstd", nanstd, reduce_std, NAN},
};

const FunctionRows nan_statistics_replays(nan_statistics_table, [](const NanRow& row) {
  return FunctionRow{row.op, [f = row.f](const OpInputs& x) { return f(sqrt(x[0] + 1), 1, false); },
                     fresh_inputs({{3, 6}})};
});

}  // namespace

TEST_CASE("reductions without NaN: those of the other elements, with their gradients") {
  const Tensor x = tensor({1.5, NAN, -2, 0.7, NAN, NAN, NAN, NAN, 3, 1, 2, -0.3}, {3, 4});
  for (const auto& row : nan_statistics_table) {
    CAPTURE(row.op);
    const auto of = [&](std::vector<double> elements) { return row.whole(tensor(elements), {}, false); };
    const Tensor last = of({3, 1, 2, -0.3});
    CHECK_CLOSE(row.f(x, 1, false), stack({of({1.5, -2, 0.7}), full({}, row.none, float64), last}), 1e-14);
    CHECK_CLOSE(row.f(x, {}, false), of({1.5, -2, 0.7, 3, 1, 2, -0.3}), 1e-14);
    CHECK(row.f(x, {0}, true).shape() == Shape{1, 4});
    GradientTape tape;
    tape.watch(x);
    const Tensor dx = tape.gradient(row.f(x, 1, false), x);
    const auto gradient = [&](std::vector<double> elements) {
      const Tensor part = tensor(elements);
      GradientTape own;
      own.watch(part);
      return to_doubles(own.gradient(row.whole(part, {}, false), part));
    };
    const auto first = gradient({1.5, -2, 0.7}), third = gradient({3, 1, 2, -0.3});
    CHECK_CLOSE(dx,
                tensor({first[0], 0, first[1], first[2], 0, 0, 0, 0, third[0], third[1], third[2], third[3]}, {3, 4}),
                1e-13, 1e-15);
    CHECK(check_gradients([&](const Tensor& t) { return row.f(t, 1, false); }, some({2, 5})));
  }
}

TEST_CASE("reductions without NaN: dtypes, no elements, errors") {
  for (const auto& row : nan_statistics_table) {
    CAPTURE(row.op);
    for (const DType dtype : {float32, bfloat16}) {
      const Tensor y = row.f(tensor({2, NAN, 4}, dtype), {}, false);
      CHECK(y.dtype() == dtype);
      CHECK_CLOSE(y, row.whole(tensor({2, 4}, dtype), {}, false), 0);
    }
    if (row.op == "nanmax" || row.op == "nanmin") {
      CHECK_THROWS_TEXT(ValueError, "there is no element to choose", row.f(zeros({0}), {}, false));
    } else {
      CHECK_CLOSE(row.f(zeros({2, 0}), 1, false), {row.none, row.none}, 0);
    }
    CHECK(row.f(zeros({0, 3}), 1, false).shape() == Shape{0});
    CHECK_THROWS_TEXT(TypeError, "[" + row.op + "] expected a floating tensor, received int32",
                      row.f(ones({2}, int32), {}, false));
  }
  CHECK_CLOSE(nanstd(ones({3})), 0, 0);
}
