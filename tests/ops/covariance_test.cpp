#include "xtape/ops/covariance.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> covariance_alone{{"cov"}, {"corrcoef"}, {"average"}};

const FunctionRows covariance_replays{
    {"cov", [](const OpInputs& x) { return cov(x[0]); }, fresh_inputs({{3, 5}})},
    {"corrcoef", [](const OpInputs& x) { return corrcoef(x[0]); }, fresh_inputs({{3, 5}})},
    {"average", [](const OpInputs& x) { return average(x[0], 1, x[1]); }, fresh_inputs({{3, 5}, {5}}, float32, 1, 2)},
};

}  // namespace

TEST_CASE("cov, corrcoef: values of NumPy's documentation") {
  const Tensor x = tensor({0, 1, 2, 2, 1, 0}, {2, 3});
  CHECK_CLOSE(cov(x), tensor({1, -1, -1, 1}, {2, 2}), 1e-15);
  CHECK_CLOSE(corrcoef(x), tensor({1, -1, -1, 1}, {2, 2}), 1e-15);
  const Tensor y = tensor({-2.1, -1, 4.3, 3, 1.1, 0.12}, {2, 3});
  CHECK_CLOSE(cov(y), tensor({11.71, -4.286, -4.286, 2.144133}, {2, 2}), 1e-6);
  CHECK_CLOSE(cov(transpose(y), {.rowvar = false}), cov(y), 1e-15);
  CHECK_CLOSE(cov(y, {.ddof = 0}), cov(y) * (2.0 / 3), 1e-15);
  CHECK_CLOSE(cov(tensor({-2.1, -1, 4.3})), 11.71, 1e-14);
  CHECK_CLOSE(corrcoef(tensor({1, 2, 4})), 1, 0);
  CHECK(cov(zeros({0, 3})).shape() == Shape{0, 0});
  CHECK(cov(cast(y, bfloat16)).dtype() == bfloat16);
  CHECK_CLOSE(corrcoef(tensor({1, 1, 1, 2, 3, 4}, {2, 3})), tensor({NAN, NAN, NAN, 1}, {2, 2}), 1e-15);
}

TEST_CASE("cov, corrcoef, average: gradients of both orders") {
  CHECK(check_gradients([](const Tensor& x) { return cov(x, {.rowvar = false}); }, some({4, 3})));
  CHECK(check_gradients([](const Tensor& x) { return square(corrcoef(x)); }, some({2, 5})));
  CHECK(check_gradients([](const Tensor& x, const Tensor& w) { return average(x, 1, w); }, some({2, 3}),
                        some({3}, float64, 0.5, 2)));
}

TEST_CASE("average: with and without weights, as in NumPy's documentation") {
  CHECK_CLOSE(average(tensor({1, 2, 3, 4})), 2.5, 0);
  const Tensor numbers = cast(arange(1, 11), float64), weights = cast(arange(10, 0, -1), float64);
  CHECK_CLOSE(average(numbers, {}, weights), 4, 1e-15);
  const Tensor data = reshape(cast(arange(6), float64), {3, 2});
  CHECK_CLOSE(average(data, 1, tensor({0.25, 0.75})), {0.75, 2.75, 4.75}, 1e-15);
  CHECK_CLOSE(average(data, 0, ones({3, 2}, float64)), {2, 3}, 1e-15);
  CHECK_CLOSE(average(data, 0, {}, true), tensor({2, 3}, {1, 2}), 1e-15);
  CHECK_CLOSE(average(cast(data, bfloat16), 1, tensor({0.25, 0.75}, bfloat16)), {0.75, 2.75, 4.75}, 1e-2);
}

TEST_CASE("cov, average: errors") {
  CHECK_THROWS_TEXT(ValueError, "[cov] expected [variables, observations] or [observations], received shape (1, 2, 3)",
                    cov(ones({1, 2, 3})));
  CHECK_THROWS_TEXT(TypeError, "[corrcoef] expected a floating tensor", corrcoef(ones({2, 3}, int32)));
  CHECK_THROWS_TEXT(ValueError,
                    "[average] expected weights of shape (2, 3), or a vector along one axis, received shape "
                    "(2,)",
                    average(ones({2, 3}), 1, ones({2})));
  CHECK_THROWS_TEXT(ValueError, "[average] expected weights", average(ones({2, 3}), {}, ones({3})));
  CHECK_THROWS_TEXT(TypeError, "[average] dtypes differ", average(ones({3}), {}, ones({3}, float64)));
}
