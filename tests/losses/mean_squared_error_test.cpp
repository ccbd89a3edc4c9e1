#include "xtape/losses/mean_squared_error.hpp"

#include <cmath>
#include <vector>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using losses::mean_squared_error;

TEST_CASE("mean_squared_error: mean over the last axis") {
  CHECK_CLOSE(mean_squared_error(constant({{0.0, 1.0}, {2.0, 3.0}}), constant({{1.0, 3.0}, {2.0, 0.0}})),
              constant({2.5, 4.5}));
  CHECK_CLOSE(mean_squared_error(constant({1.0, 2.0, 3.0}), constant({2.0, 2.0, 1.0})), constant(5.0 / 3));
  CHECK(mean_squared_error(zeros({2, 3, 4}), ones({2, 3, 4})).shape() == Shape{2, 3});
  // Rows longer than a vector, with a rest: the mean of (i / 37)^2 over i < 37 is 36 73 / (6 37^2).
  std::vector<double> row(37);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<double>(i) / 37;
  for (DType dtype : {float32, float64}) {
    const Tensor p = cast(constant(row, {1, 37}), dtype);
    CHECK_CLOSE(mean_squared_error(zeros({1, 37}, dtype), p), {36.0 * 73 / (6 * 37 * 37)});
  }
}

TEST_CASE("mean_squared_error: ranks that differ by an axis of size 1") {
  // Keras's test_base_function_reduction: one value for each of three samples.
  const Tensor loss = mean_squared_error(constant({4, 8, 12}), constant({{3.0}, {0.0}, {1.0}}));
  CHECK_CLOSE(loss, constant({1.0, 64.0, 121.0}));
  CHECK_CLOSE(mean_squared_error(constant({{4}, {8}}), constant({3.0, 0.0})), constant({1.0, 64.0}));
  CHECK_CLOSE(mean_squared_error(ones({2, 3, 1}), zeros({2, 3})), constant({1.0, 1.0}));
  CHECK_CLOSE(mean_squared_error(3, constant({{1.0, 2.0}})), constant({2.5}));
}

TEST_CASE("mean_squared_error: dtypes follow the predictions") {
  CHECK(mean_squared_error(zeros({2}, uint8), zeros({2}, float64)).dtype() == float64);
  CHECK(mean_squared_error(zeros({2}, float64), zeros({2}, float32)).dtype() == float32);
  CHECK(mean_squared_error(zeros({2}), zeros({2}, int32)).dtype() == float32);
  CHECK(mean_squared_error(zeros({2}), zeros({2}, bfloat16)).dtype() == float32);
  CHECK_CLOSE(mean_squared_error(constant({1, 2}), constant({3, 5})), 6.5);
}

TEST_CASE("mean_squared_error: shapes that differ are refused, not broadcast") {
  CHECK_THROWS_TEXT(ValueError, "[mean_squared_error] y_true and y_pred must have the same shape: (3,) and (3, 2)",
                    mean_squared_error(zeros({3}), zeros({3, 2})));
  CHECK_THROWS_TEXT(ValueError, "y_true and y_pred must have the same shape: (3, 1) and (3, 2)",
                    mean_squared_error(zeros({3, 1}), zeros({3, 2})));
  CHECK_THROWS_TEXT(ValueError, "[mean_squared_error] expected y_pred of rank 1 or more, received a scalar",
                    mean_squared_error(0, constant(1.0)));
}

TEST_CASE("mean_squared_error: gradients against finite differences, twice") {
  const Tensor t = constant({{0.3, -1.2, 2.0}, {1.1, 0.4, -0.7}}, float64);
  const Tensor p = constant({{1.3, 0.2, -0.5}, {-1.0, 0.6, 0.8}}, float64);
  const auto check = check_gradients([](const Tensor& a, const Tensor& b) { return mean_squared_error(a, b); }, t, p);
  CHECK_MESSAGE(check.ok, check.message);
  const auto squeezed = check_gradients([](const Tensor& a, const Tensor& b) { return mean_squared_error(a, b); },
                                        reshape(t, {6}), reshape(p, {6, 1}));
  CHECK_MESSAGE(squeezed.ok, squeezed.message);
}

TEST_CASE("mean_squared_error: extreme and missing values") {
  const float huge = 3e38f, nan = std::nanf("");
  CHECK_CLOSE(mean_squared_error(constant({{0.0, 0.0}, {1.0, 1.0}}), constant({{huge, 0.0f}, {nan, 1.0f}})),
              {INFINITY, NAN});
}

TEST_CASE("mean_squared_error: the number of threads changes no bit") {
  const Tensor p = cast(reshape(arange(300 * 1000), {300, 1000}), float32) / 1000.0;
  Tensor one, two;
  {
    const testing::Threads threads(1);
    one = mean_squared_error(zeros({300, 1000}), p);
  }
  {
    const testing::Threads threads(2);
    two = mean_squared_error(zeros({300, 1000}), p);
  }
  CHECK_SAME_BITS(one, two);
}
