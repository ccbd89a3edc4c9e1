#include "xtape/optimize/minimize.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "optimize/more_garbow_hillstrom.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/function/function.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/tape/custom_gradient.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"

using namespace xtape;
using optimize::minimize;
using optimize::MinimizeOptions;
using optimize::Status;

namespace {

const std::vector<std::string> methods{"lbfgs", "bfgs", "cg", "newton-cg", "trust-ncg"};

const Tensor center = constant({1.0, -2.0, 3.0}, float64);
Tensor bowl(const Tensor& x) {
  return reduce_sum(cast(constant({1.0, 10.0, 100.0}), x.dtype()) * square(x - cast(center, x.dtype())));
}

}  // namespace

TEST_CASE("minimize: the functions of More, Garbow and Hillstrom, to the printed digits") {
  for (const auto& problem : testing::more_garbow_hillstrom()) {
    for (const auto& method : methods) {
      const bool reached = std::count(problem.out_of_reach.begin(), problem.out_of_reach.end(), method) == 0;
      const auto f = [&](const Tensor& x) { return reduce_sum(square(problem.residuals(x, float64))); };
      const auto found =
          minimize(f, testing::vector_of(problem.start),
                   {.method = method, .max_iterations = 5000, .gradient_tolerance = 1e-9, .function_tolerance = 1e-14});
      CAPTURE(problem.name);
      CAPTURE(found.value);
      CAPTURE(found.iterations);
      CAPTURE(found.evaluations);
      CHECK_MESSAGE((!reached || testing::is_minimum(found.value, problem.minima)), found.message);
      CHECK(found.value == f(found.x).item());
    }
  }
}

TEST_CASE("minimize: float32, to what it resolves") {
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto found = minimize(bowl, zeros({3}), {.method = method});
    CHECK(found.x.dtype() == float32);
    CHECK_MESSAGE(found.success(), found.message);
    CHECK_CLOSE(found.x, center, 1e-5);
    const auto valley = [](const Tensor& x) { return reduce_sum(square(testing::rosenbrock(x, x.dtype()))); };
    const auto bottom = minimize(valley, constant({-1.2, 1.0}), {.method = method, .function_tolerance = 0});
    CHECK_MESSAGE(bottom.success(), bottom.message);
    CHECK_CLOSE(bottom.x, {1, 1}, 1e-3);
  }
}

TEST_CASE("minimize: what it reports") {
  const auto found = minimize(bowl, zeros({3}, float64), {.method = "bfgs", .gradient_tolerance = 1e-6});
  CHECK(found.status == Status::converged_gradient);
  CHECK(found.success());
  CHECK(found.gradient_norm <= 1e-6);
  CHECK(found.iterations > 0);
  CHECK(found.evaluations >= found.iterations);
  CHECK(found.message.find("[minimize] bfgs: the largest element of the gradient, ") == 0);
  CHECK(found.message.find("is within gradient_tolerance 1e-06") != std::string::npos);
  CHECK(found.value == bowl(found.x).item());

  const auto few = minimize(bowl, zeros({3}, float64), {.max_iterations = 2});
  CHECK(few.status == Status::max_iterations);
  CHECK_FALSE(few.success());
  CHECK(few.iterations == 2);
  CHECK(few.message == "[minimize] lbfgs: max_iterations, 2, are done");
  CHECK(minimize(bowl, zeros({3}, float64), {.max_iterations = 0}).status == Status::max_iterations);
  const auto calls = minimize(bowl, zeros({3}, float64), {.max_evaluations = 3});
  CHECK(calls.status == Status::max_evaluations);
  CHECK(calls.evaluations >= 3);

  // A valley without a bottom flattens: exp(x) decreases by less and less.
  const auto slope = [](const Tensor& x) { return reduce_sum(exp(x)) + 1; };
  const auto flat = minimize(slope, zeros({2}, float64), {.gradient_tolerance = 0, .function_tolerance = 1e-6});
  CHECK(flat.status == Status::converged_value);
  CHECK(flat.message.find("within function_tolerance 1e-06") != std::string::npos);
  CHECK(minimize(bowl, center).iterations == 0);  // the start is the minimum
}

TEST_CASE("minimize: tensors in structures keep theirs") {
  const auto f = [](const Tensor& a, const Tensor& b) { return bowl(a) + reduce_sum(square(b - 0.5)); };
  const Tensor a = zeros({3}, float64), b = zeros({2, 2}, float32);
  for (const auto& method : methods) {
    CAPTURE(method);
    const MinimizeOptions options{.method = method, .gradient_tolerance = 1e-6};
    const auto list =
        minimize([&](const TensorList& x) { return f(x[0], cast(x[1], float64)); }, TensorList{a, b}, options);
    CHECK_CLOSE(list.x[0], center, 1e-5);
    CHECK_CLOSE(list.x[1], {0.5, 0.5, 0.5, 0.5}, 1e-5);
    CHECK(list.x[1].dtype() == float32);
    CHECK(list.x[1].shape() == Shape{2, 2});
  }
  const auto vector = minimize([&](const std::vector<Tensor>& x) { return bowl(x[0]); }, std::vector<Tensor>{a});
  CHECK_CLOSE(vector.x[0], center, 1e-5);
  const auto tuple =
      minimize([&](const std::tuple<Tensor, Tensor>& x) { return f(std::get<0>(x), cast(std::get<1>(x), float64)); },
               std::tuple(a, b));
  CHECK_CLOSE(std::get<0>(tuple.x), center, 1e-5);
  using Named = std::map<std::string, Tensor>;
  const auto map = minimize([&](const Named& x) { return bowl(x.at("a")); }, Named{{"a", a}});
  CHECK_CLOSE(map.x.at("a"), center, 1e-5);
}

TEST_CASE("minimize: a saddle point, from which negative curvature leads away") {
  // (x^2 - 1)^2 + y^2 with its saddle at the origin.
  const auto f = [](const Tensor& x) {
    const Tensors v = unstack(x);
    return square(square(v[0]) - 1) + square(v[1]);
  };
  for (const char* method : {"newton-cg", "trust-ncg"}) {
    CAPTURE(method);
    const auto found = minimize(f, constant({1e-3, 1.0}, float64), {.method = method});
    CHECK_MESSAGE(found.success(), found.message);
    CHECK_CLOSE(found.x, {1, 0}, 1e-5, 1e-5);
  }
}

TEST_CASE("minimize: a quadratic takes one Newton step") {
  const auto f = [](const Tensor& x) { return reduce_sum(square(x - cast(center, x.dtype()))); };
  CHECK(minimize(f, zeros({3}, float64), {.method = "newton-cg"}).iterations == 1);
  CHECK(minimize(f, zeros({3}, float64), {.method = "trust-ncg", .initial_radius = 100}).iterations == 1);
}

TEST_CASE("minimize: where f is not finite") {
  // log x is NaN for x < 0: steps that go there are shortened.
  const auto barrier = [](const Tensor& x) { return reduce_sum(x - log(x)); };
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto found = minimize(barrier, constant({0.01, 30.0}, float64), {.method = method});
    CHECK_MESSAGE(found.success(), found.message);
    CHECK_CLOSE(found.x, {1, 1}, 1e-4);
    const auto lost = minimize(barrier, constant({-1.0, 1.0}, float64), {.method = method});
    CHECK(lost.status == Status::not_finite);
    CHECK(lost.message == "[minimize] " + method + ": the function is NaN at x0");
    CHECK_CLOSE(lost.x, {-1, 1});
  }
}

TEST_CASE("minimize: a search without a better step ends with a status") {
  // The gradient is that of another function: no step along it decreases this one.
  const auto wrong = [](const Tensor& x) {
    const auto uphill = custom_gradient(
        [](const Tensor& t) { return std::pair(reduce_sum(t), [t](const Tensor& dy) { return -dy * ones_like(t); }); });
    return uphill(x) + 0 * reduce_sum(square(x));
  };
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto found = minimize(wrong, ones({2}, float64), {.method = method});
    CHECK(found.status == (method == "trust-ncg" ? Status::trust_region_failed : Status::line_search_failed));
    CHECK(found.message.find("no step decreases the function") != std::string::npos);
    CHECK_CLOSE(found.x, {1, 1});
  }
}

TEST_CASE("minimize: the callback sees each iteration and can stop") {
  for (const auto& method : methods) {
    std::vector<double> values;
    const auto note = [&](const optimize::Iteration& now) {
      CHECK(now.number == static_cast<std::int64_t>(values.size()) + 1);
      CHECK_CLOSE(bowl(now.x[0]), now.value, 1e-12);
      values.push_back(now.value);
      return values.size() == 2;
    };
    const auto found =
        minimize(bowl, zeros({3}, float64), {.method = method, .gradient_tolerance = 1e-12, .callback = note});
    CAPTURE(method);
    if (values.size() == 2) {
      CHECK(found.status == Status::stopped);
      CHECK(found.message == "[minimize] " + method + ": stopped by the callback");
      CHECK(found.value == values[1]);
    } else {
      CHECK(found.success());
    }
  }
}

TEST_CASE("minimize: variables, such as a model's weights") {
  const Tensor x = reshape(testing::steps(-10, 10, 0.1), {21, 1}), y = sin(3 * x);
  for (const auto& method : methods) {
    CAPTURE(method);
    random::set_seed(1);
    Sequential model{layers::Dense(8, {.activation = "tanh"}), layers::Dense(1)};
    model(cast(x, float32));
    const Tensor inputs = cast(x, float32), labels = cast(y, float32);
    const auto loss = [&] { return reduce_mean(square(model(inputs) - labels)); };
    const double before = loss().item();
    const auto report = minimize(loss, model.trainable_variables(), {.method = method, .max_iterations = 150});
    CHECK(loss().item() == report.value);
    CHECK(report.value < before / 100);
  }
}

TEST_CASE("minimize: variables keep their values when the function throws, and show the point to callbacks") {
  const Variable a(zeros({3}, float64)), b(ones({2}, float64));
  int calls = 0;
  const auto loss = [&] {
    if (++calls == 5) throw ValueError("[loss] enough");
    return bowl(a) + reduce_sum(square(b));
  };
  CHECK_THROWS_TEXT(ValueError, "[loss] enough", minimize(loss, {a, b}));
  CHECK_CLOSE(a, {0, 0, 0});
  CHECK_CLOSE(b, {1, 1});
  calls = 100;
  const auto watch = [&](const optimize::Iteration& now) {
    CHECK(now.x.empty());
    CHECK_CLOSE(loss(), now.value, 1e-12);
    return false;
  };
  for (const auto& method : methods) {
    a.impl()->value = zeros({3}, float64);
    const auto report = minimize(loss, {a, b}, {.method = method, .gradient_tolerance = 1e-7, .callback = watch});
    CHECK_MESSAGE(report.success(), report.message);
    CHECK_CLOSE(a, center, 1e-6);
  }
}

TEST_CASE("minimize: at a kink, where no slope is flat, the point of the callback is the best one") {
  const Variable x(constant({1.0, -2.0}, float64));
  const auto loss = [&] { return reduce_sum(abs(x - constant({0.3, 0.1}, float64)) * constant({1.0, 3.0}, float64)); };
  for (const char* method : {"lbfgs", "bfgs", "cg"}) {
    CAPTURE(method);
    x.impl()->value = constant({1.0, -2.0}, float64);
    int iterations = 0;
    const auto watch = [&](const optimize::Iteration& now) {
      CHECK(loss().item() == now.value);
      ++iterations;
      return false;
    };
    const auto report = minimize(loss, {x}, {.method = method, .callback = watch});
    CHECK(iterations > 0);
    CHECK(loss().item() == report.value);
    CHECK(report.value < 0.1);
  }
}

TEST_CASE("minimize: a loss with its gradients, traced once and replayed") {
  const Variable w(zeros({3}, float64)), b(constant(0.5, float64));
  const std::vector<Variable> variables{w, b};
  const auto loss = [&] { return bowl(w) + square(b - 2); };
  auto step = function(value_and_grad(loss, variables));
  for (const char* method : {"lbfgs", "bfgs", "cg"}) {
    CAPTURE(method);
    w.impl()->value = zeros({3}, float64);
    const auto report = minimize([&] { return step(); }, variables, {.method = method, .gradient_tolerance = 1e-7});
    CHECK_MESSAGE(report.success(), report.message);
    CHECK(report.value == loss().item());
    CHECK_CLOSE(w, center, 1e-6);
    CHECK_CLOSE(b, 2, 1e-6);
  }
  CHECK(step.obstacle().empty());
  CHECK(step.trace_count() == 1);
  using Result = std::pair<Tensor, Tensors>;
  const Tensor one = ones({}, float64);
  CHECK_THROWS_TEXT(
      ValueError,
      "[minimize] expected a function that returns the loss alone for the method 'newton-cg', received one "
      "that returns gradients too",
      minimize([&] { return step(); }, variables, {.method = "newton-cg"}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected a gradient for each of 2 variables, received 1",
                    minimize([&] { return Result(one, Tensors{one}); }, variables));
  CHECK_THROWS_TEXT(ValueError, "[minimize] gradients[0] has shape (), its variable (3,)",
                    minimize(
                        [&] {
                          return Result(one, Tensors{one, one});
                        },
                        variables));
  CHECK_THROWS_TEXT(TypeError, "[minimize] gradients[1] is float32, its variable float64",
                    minimize(
                        [&] {
                          return Result(one, Tensors{Tensor(), ones({})});
                        },
                        variables));
  CHECK(minimize([&] { return Result(one, Tensors{Tensor(), Tensor()}); }, variables).iterations == 0);
}

TEST_CASE("minimize: tapes outside see nothing of it") {
  const Variable w(zeros({3}, float64));
  GradientTape tape;
  const Tensor x0 = zeros({3}, float64);
  tape.watch(x0);
  const auto found = minimize([&](const Tensor& x) { return bowl(x) + reduce_sum(square(w)); }, x0);
  CHECK(tape.num_records() == 0);
  const Tensor y = reduce_sum(square(x0) + found.x);
  CHECK_CLOSE(tape.gradient(y, x0), {0, 0, 0});
}

TEST_CASE("minimize: errors") {
  const Tensor x0 = zeros({3}, float64);
  CHECK_THROWS_TEXT(ValueError,
                    "[minimize] unknown method 'adam', expected one of: lbfgs, bfgs, cg, newton-cg, trust-ncg",
                    minimize(bowl, x0, {.method = "adam"}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected max_iterations >= 0, received -1",
                    minimize(bowl, x0, {.max_iterations = -1}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected max_evaluations >= 0, received -1",
                    minimize(bowl, x0, {.max_evaluations = -1}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected gradient_tolerance >= 0, received nan",
                    minimize(bowl, x0, {.gradient_tolerance = NAN}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected function_tolerance >= 0, received -1",
                    minimize(bowl, x0, {.function_tolerance = -1}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected history > 0, received 0", minimize(bowl, x0, {.history = 0}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected initial_radius > 0, received 0",
                    minimize(bowl, x0, {.initial_radius = 0}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] gradients are those of a scalar: the function returned a tensor of shape",
                    minimize([](const Tensor& x) { return x; }, x0));
  CHECK_THROWS_TEXT(ValueError, "[minimize] the function returned an empty tensor",
                    minimize([](const Tensor&) { return Tensor(); }, x0));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected a function that depends on x",
                    minimize([](const Tensor&) { return ones({}, float64); }, x0));
  CHECK_THROWS_TEXT(TypeError, "[minimize] expected float32 or float64 to start from, received int32",
                    minimize(bowl, zeros({3}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[minimize] expected a tensor to start from, received an empty one",
                    minimize(bowl, Tensor()));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected at least one tensor to start from, received none",
                    minimize([](const TensorList&) { return Tensor(); }, TensorList()));
  const auto loss = [] { return Tensor(1.0); };
  const Variable v(x0, {.name = "v"}), c(x0, {.name = "c"});
  Variable constrained = c;
  constrained.set_constraint([](const Tensor& t) { return t; });
  CHECK_THROWS_TEXT(ValueError, "[minimize] variables[0] and variables[1] are the same", minimize(loss, {v, v}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected variables without a constraint, 'c' has one",
                    minimize(loss, {v, c}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] variables[0] is an empty handle", minimize(loss, {Variable()}));
  CHECK_THROWS_TEXT(ValueError, "[minimize] expected at least one variable, received none",
                    minimize(loss, std::vector<Variable>{}));
}
