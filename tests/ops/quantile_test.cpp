#include "xtape/ops/quantile.hpp"

#include <algorithm>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> quantile_alone{{"quantile"}, {"median"}, {"ptp"}};

const FunctionRows quantile_replays{
    {"quantile", [](const OpInputs& x) { return quantile(x[0], 0.3, 1); }, fresh_inputs({{3, 5}})},
    {"quantile", [](const OpInputs& x) { return quantile(x[0], abs(x[1]), {}, {.method = "nearest"}); },
     fresh_inputs({{3, 5}, {2}}, float32, -0.9, 0.9),
     [] {
       return OpInputs{ones({3, 5}), full({2}, 1.5)};
     }},
    {"median",
     [](const OpInputs& x) {
       return median(x[0], {0, 2}, true);
     },
     fresh_inputs({{3, 4, 2}})},
    {"ptp", [](const OpInputs& x) { return ptp(x[0], 1); }, fresh_inputs({{3, 4}})},
};

const std::vector<std::string> methods{"linear", "lower", "higher", "nearest", "midpoint"};

/// By NumPy's description of the methods.
double by_definition(std::vector<double> x, double q, const std::string& method) {
  std::sort(x.begin(), x.end());
  const double rank = q * static_cast<double>(x.size() - 1);
  const double low = x[static_cast<std::size_t>(std::floor(rank))], high = x[static_cast<std::size_t>(std::ceil(rank))];
  if (method == "lower") return low;
  if (method == "higher") return high;
  if (method == "nearest") return x[static_cast<std::size_t>(std::nearbyint(rank))];
  if (method == "midpoint") return (low + high) / 2;
  return low + (high - low) * (rank - std::floor(rank));
}

}  // namespace

TEST_CASE("quantile: every method and count, against the definition") {
  for (const std::string& method : methods) {
    CAPTURE(method);
    for (const std::int64_t n : {1, 2, 5, 8}) {
      CAPTURE(n);
      const Tensor x = some({n});
      for (const double q : {0.0, 0.1, 0.25, 0.5, 0.77, 1.0}) {
        CAPTURE(q);
        CHECK_CLOSE(quantile(x, q, {}, {.method = method}), by_definition(to_doubles(x), q, method), 1e-14);
      }
    }
  }
}

TEST_CASE("quantile, median: axes and shapes, as in NumPy's documentation") {
  const Tensor a = tensor({10, 7, 4, 3, 2, 1}, {2, 3});
  CHECK_CLOSE(quantile(a, 0.5), 3.5, 0);
  CHECK_CLOSE(quantile(a, 0.5, 0), {6.5, 4.5, 2.5}, 0);
  CHECK_CLOSE(quantile(a, 0.5, 1), {7, 2}, 0);
  CHECK_CLOSE(quantile(a, 0.5, 1, {}, true), tensor({7, 2}, {2, 1}), 0);
  CHECK_CLOSE(median(a, 1), {7, 2}, 0);
  CHECK_CLOSE(median(a), 3.5, 0);
  const Tensor x = some({2, 3, 4, 2}), q = tensor({0.2, 0.9, 0.5, 0, 1, 0.4}, {2, 3});
  const Tensor y = quantile(x, q, {1, 3});
  REQUIRE(y.shape() == Shape{2, 3, 2, 4});
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      CHECK_CLOSE(y[{i, j}], quantile(x, q[{i, j}].item<double>(), {1, 3}), 1e-15);
    }
  }
  CHECK(quantile(x, q, {1, 3}, {}, true).shape() == Shape{2, 3, 2, 1, 4, 1});
  CHECK(median(x, {-1, 0}).shape() == Shape{3, 4});
  CHECK(median(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK_CLOSE(median(constant(2.5)), 2.5, 0);
}

TEST_CASE("quantile: NaN, infinities, dtypes") {
  CHECK_CLOSE(median(tensor({1, NAN, 3, 1, 2, 3}, {2, 3}), 1), {NAN, 2}, 0);
  CHECK_CLOSE(quantile(tensor({-INFINITY, INFINITY, INFINITY, INFINITY}), 0.8), INFINITY, 0);
  for (const DType dtype : {float32, bfloat16}) {
    const Tensor y = median(tensor({3, 1, 2, 5}, dtype));
    CHECK(y.dtype() == dtype);
    CHECK_CLOSE(y, 2.5, 0);
  }
}

TEST_CASE("quantile, median: gradients of both orders, for q too") {
  for (const std::string& method : methods) {
    CAPTURE(method);
    const GradientCheck check = check_gradients(
        [&](const Tensor& x) {
          return square(quantile(x, tensor({0.15, 0.6}), 1, {.method = method}));
        },
        some({3, 5}));
    CHECK_MESSAGE(check, check.message);
  }
  CHECK(
      check_gradients([](const Tensor& x, const Tensor& q) { return quantile(x, q); }, some({6}), tensor({0.37, 0.5})));
  const Tensor x = tensor({4, 1, 3, 2});
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(tape.gradient(median(x), x), {0, 0, 0.5, 0.5}, 0);
}

TEST_CASE("quantile: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(ValueError, "[quantile] expected parts from 0 to 1, received 1.5 at position 0", quantile(x, 1.5));
  CHECK_THROWS_TEXT(ValueError, "[quantile] expected parts from 0 to 1, received nan", quantile(x, NAN));
  CHECK_THROWS_TEXT(ValueError,
                    "the method must be \"linear\", \"lower\", \"higher\", \"nearest\" or \"midpoint\": "
                    "received \"cubic\"",
                    quantile(x, 0.5, {}, {.method = "cubic"}));
  CHECK_THROWS_TEXT(ValueError, "[median] there is no element to choose: shape (2, 0)", median(zeros({2, 0}), 1));
  CHECK_THROWS_TEXT(TypeError, "[median] expected a floating tensor, received int32", median(ones({2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[quantile] dtypes differ", quantile(x, tensor({0.5})));
  CHECK_THROWS_TEXT(IndexError, "[median]", median(x, 2));
}

TEST_CASE("ptp: of integers too, over axes") {
  const Tensor x = tensor({4, 9, 2, 10, 6, 9, 7, 12}, {2, 4});  // NumPy's documentation
  CHECK_CLOSE(ptp(x, 1), {8, 6}, 0);
  CHECK_CLOSE(ptp(cast(x, int32), 0), {2, 0, 5, 2}, 0);
  CHECK_CLOSE(ptp(x, {}, true), tensor({10}, {1, 1}), 0);
  CHECK(check_gradients([](const Tensor& t) { return ptp(square(t), 1); }, some({2, 4})));
  CHECK_THROWS_TEXT(ValueError, "there is no element to choose", ptp(zeros({0})));
}
