#include "xtape/optimize/least_squares.hpp"

#include <algorithm>

#include "optimize/more_garbow_hillstrom.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/ops/linalg_decompositions.hpp"

using namespace xtape;
using optimize::least_squares;
using optimize::Status;

TEST_CASE("least_squares: the functions of More, Garbow and Hillstrom, to the printed digits") {
  for (const auto& problem : testing::more_garbow_hillstrom()) {
    const auto f = [&](const Tensor& x) { return problem.residuals(x, float64); };
    const auto found = least_squares(
        f, testing::vector_of(problem.start),
        {.max_iterations = 1000, .gradient_tolerance = 1e-12, .function_tolerance = 1e-14, .step_tolerance = 1e-14});
    CAPTURE(problem.name);
    CAPTURE(found.sum_of_squares);
    CAPTURE(found.iterations);
    CHECK_MESSAGE(testing::is_minimum(found.sum_of_squares, problem.minima), found.message);
    CHECK_CLOSE(reduce_sum(square(f(found.x))), found.sum_of_squares, 1e-12);
  }
}

namespace {

/// Measurements of 2.5 exp(-1.3 t) + 0.5, without an error.
const Tensor times = testing::steps(0, 20, 0.1);
Tensor decay(const Tensor& p, const Tensor& t) {
  const Tensors v = unstack(p);
  return v[0] * exp(-v[1] * t) + v[2];
}
const Tensor truth = constant({2.5, 1.3, 0.5}, float64);
Tensor residuals(const Tensor& p) { return decay(p, cast(times, p.dtype())) - cast(decay(truth, times), p.dtype()); }

}  // namespace

TEST_CASE("least_squares: a curve without errors gives its parameters back, by each method, in both dtypes") {
  for (const char* method : {"lm", "gauss-newton"}) {
    for (const DType dtype : {float32, float64}) {
      CAPTURE(method);
      CAPTURE(dtype);
      const auto found = least_squares(residuals, ones({3}, dtype), {.method = method});
      CHECK_MESSAGE(found.success(), found.message);
      CHECK(found.x.dtype() == dtype);
      CHECK_CLOSE(found.x, truth, dtype == float64 ? 1e-7 : 2e-5);
    }
  }
}

TEST_CASE("least_squares: a linear problem is solved in one step, as by linalg::lstsq; the Jacobian is its matrix") {
  const Tensor a = constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, -6.0}, {0.5, 1.0}}, float64),
               b = constant({1.0, -1.0, 2.0, 3.0}, float64);
  const auto f = [&](const Tensor& x) { return matmul(a, x) - b; };
  for (const char* method : {"lm", "gauss-newton"}) {
    const auto found = least_squares(f, zeros({2}, float64), {.method = method});
    CAPTURE(method);
    CHECK_MESSAGE(found.success(), found.message);
    CHECK_CLOSE(found.x, linalg::lstsq(a, b), 1e-10);
    CHECK_CLOSE(found.jacobian, a, 1e-12);
    CHECK(found.gradient_norm < 1e-9);
    CHECK(found.iterations <= 2);
  }
  // Fewer residuals than unknowns: any of the solutions.
  const auto wide = [&](const Tensor& x) {
    return matmul(a, x, {.transpose_a = true}) - constant({1.0, 2.0}, float64);
  };
  const auto found = least_squares(wide, zeros({4}, float64));
  CHECK_MESSAGE(found.success(), found.message);
  CHECK(found.sum_of_squares < 1e-16);
  CHECK_CLOSE(found.jacobian, transpose(a), 1e-12);
}

TEST_CASE("least_squares: the units of the unknowns do not matter") {
  // Powers of two, so that the numbers are the same bit for bit.
  const Tensor units = constant({1024.0, 1.0 / 4096, 1.0}, float64);
  const auto in_units = [&](const Tensor& p) { return residuals(p / units); };
  for (const char* method : {"lm", "gauss-newton"}) {
    CAPTURE(method);
    const auto plain = least_squares(residuals, ones({3}, float64), {.method = method});
    const auto scaled = least_squares(in_units, units, {.method = method});
    CHECK(scaled.iterations == plain.iterations);
    CHECK(scaled.evaluations == plain.evaluations);
    CHECK_CLOSE(scaled.x / units, plain.x, 1e-12);
  }
}

TEST_CASE("least_squares: what it reports") {
  const auto few = least_squares(residuals, ones({3}, float64), {.max_iterations = 1});
  CHECK(few.status == Status::max_iterations);
  CHECK(few.iterations == 1);
  CHECK(few.message == "[least_squares] lm: max_iterations, 1, are done");
  CHECK(least_squares(residuals, ones({3}, float64), {.max_iterations = 0}).status == Status::max_iterations);
  CHECK(least_squares(residuals, ones({3}, float64), {.max_evaluations = 2}).status == Status::max_evaluations);
  CHECK(least_squares(residuals, truth).iterations == 0);

  // Two unknowns of which only the sum counts.
  const auto sum = [](const Tensor& x) { return reduce_sum(x) * testing::steps(1, 3) - 1; };
  const auto lost = least_squares(sum, ones({2}, float64), {.method = "gauss-newton"});
  CHECK(lost.status == Status::singular);
  CHECK(lost.message.find("the columns of the Jacobian depend on each other") != std::string::npos);
  const auto found = least_squares(sum, ones({2}, float64));
  CHECK_MESSAGE(found.success(), found.message);
  CHECK_CLOSE(reduce_sum(found.x), 6.0 / 14, 1e-8);

  const auto roots = [](const Tensor& x) { return sqrt(x) - 2; };
  const auto nan = least_squares(roots, constant({-1.0}, float64));
  CHECK(nan.status == Status::not_finite);
  CHECK(nan.message == "[least_squares] lm: the residuals are not finite at x0");
  // A step to x < 0 is shortened.
  const auto kept = least_squares([](const Tensor& x) { return log(x); }, constant({20.0}, float64));
  CHECK_MESSAGE(kept.success(), kept.message);
  CHECK_CLOSE(kept.x, {1}, 1e-7);

  int iterations = 0;
  const auto stop = [&](const optimize::Iteration& now) {
    CHECK_CLOSE(reduce_sum(square(residuals(now.x[0]))), now.value, 1e-9, 1e-20);
    return ++iterations == 2;
  };
  CHECK(least_squares(residuals, ones({3}, float64), {.callback = stop}).status == Status::stopped);
  CHECK(iterations == 2);
}

TEST_CASE("least_squares: structures and variables") {
  const auto of_list = [](const TensorList& p) { return residuals(concat({p[0], p[1]}, 0)); };
  const auto list = least_squares(of_list, TensorList{ones({1}, float64), ones({2}, float64)});
  CHECK_CLOSE(list.x[1], {1.3, 0.5}, 1e-7);

  const Variable rate(constant({1.0, 1.0, 1.0}, float64));
  const auto report = least_squares([&] { return residuals(rate); }, {rate});
  CHECK_MESSAGE(report.success(), report.message);
  CHECK_CLOSE(rate, truth, 1e-7);
  int calls = 0;
  const auto failing = [&] {
    if (++calls == 3) throw ValueError("[residuals] enough");
    return residuals(2 * rate);
  };
  CHECK_THROWS_TEXT(ValueError, "[residuals] enough", least_squares(failing, {rate}));
  CHECK_CLOSE(rate, truth, 1e-7);
}

TEST_CASE("least_squares: errors") {
  const Tensor x0 = ones({3}, float64);
  CHECK_THROWS_TEXT(ValueError, "[least_squares] unknown method 'newton', expected one of: lm, gauss-newton",
                    least_squares(residuals, x0, {.method = "newton"}));
  CHECK_THROWS_TEXT(ValueError, "[least_squares] expected max_iterations >= 0, received -1",
                    least_squares(residuals, x0, {.max_iterations = -1}));
  CHECK_THROWS_TEXT(ValueError, "[least_squares] expected gradient_tolerance >= 0, received -1",
                    least_squares(residuals, x0, {.gradient_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[least_squares] expected function_tolerance >= 0, received -1",
                    least_squares(residuals, x0, {.function_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[least_squares] expected step_tolerance >= 0, received -1",
                    least_squares(residuals, x0, {.step_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[least_squares] the function returned an empty tensor, expected its residuals",
                    least_squares([](const Tensor&) { return Tensor(); }, x0));
  CHECK_THROWS_TEXT(TypeError, "[least_squares] expected a function that returns float32 or float64, received int32",
                    least_squares([](const Tensor&) { return zeros({3}, int32); }, x0));
  CHECK_THROWS_TEXT(TypeError, "[least_squares] expected float32 or float64 to start from, received int64",
                    least_squares(residuals, zeros({3}, int64)));
}
