#include "xtape/tape/custom_gradient.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

// log(1 + e^x), TensorFlow's example in the documentation of tf.custom_gradient: the tape's own gradient is NaN at 100,
// the custom one 1.
const auto log1pexp = custom_gradient([](const Tensor& x) {
  const Tensor e = exp(x);
  return std::pair(log(1 + e), [e](const Tensor& dy) { return dy * (1 - 1 / (1 + e)); });
});

const auto scaled_identity =
    custom_gradient([](const Tensor& x) { return std::pair(x, [](const Tensor& dy) { return dy * 5; }); });

}  // namespace

TEST_CASE("custom_gradient: TensorFlow's log1pexp") {
  const Tensor x = constant(100.0);
  {
    GradientTape tape;
    tape.watch(x);
    CHECK(std::isnan(tape.gradient(log(1 + exp(x)), x).item()));
  }
  GradientTape tape;
  tape.watch(x);
  CHECK(tape.gradient(log1pexp(x), x).item() == 1.0);
}

TEST_CASE("custom_gradient: only grad_fn is used, the ops inside are not") {
  const Tensor x = constant({2.0, 3.0});
  GradientTape tape;
  tape.watch(x);
  const auto cube =
      custom_gradient([](const Tensor& t) { return std::pair(t * t * t, [](const Tensor& dy) { return dy * 7; }); });
  const Tensor y = cube(x);
  CHECK_CLOSE(y, {8.0, 27.0});
  CHECK_CLOSE(tape.gradient(y, x), {7.0, 7.0});
}

TEST_CASE("custom_gradient: a function that returns its argument") {
  const Tensor x = constant({2.0, 3.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = scaled_identity(x);
  const Tensor twice = scaled_identity(y);
  // A constant that is returned keeps its own identity.
  const Tensor c = constant({1.0, 1.0});
  const auto to_c = custom_gradient([&c](const Tensor&) { return std::pair(c, [](const Tensor& dy) { return dy; }); });
  const Tensor through = to_c(x);
  tape.stop();
  CHECK_CLOSE(y, {2.0, 3.0});
  CHECK_CLOSE(tape.gradient(y, x), {5.0, 5.0});
  CHECK_CLOSE(tape.gradient(twice, x), {25.0, 25.0});
  CHECK_CLOSE(tape.gradient(x, x), {1.0, 1.0});
  CHECK_CLOSE(tape.gradient(through, x), {1.0, 1.0});
  CHECK_FALSE(tape.gradient(c, x));
}

TEST_CASE("custom_gradient: second order is the derivative of grad_fn") {
  // f' = 1 - 1 / (1 + e^x) = s, f'' = s (1 - s), f''' = s (1 - s) (1 - 2 s)
  const Tensor x = constant({-1.0, 0.5}, float64);
  GradientTape third;
  third.watch(x);
  GradientTape second;
  second.watch(x);
  GradientTape first;
  first.watch(x);
  const Tensor d1 = first.gradient(log1pexp(x), x);
  const Tensor d2 = second.gradient(d1, x);
  const Tensor d3 = third.gradient(d2, x);
  for (int i = 0; i < 2; ++i) {
    const double s = 1 / (1 + std::exp(-x.data<double>()[static_cast<std::size_t>(i)]));
    const auto at = static_cast<std::size_t>(i);
    CHECK_CLOSE(d1.data<double>()[at], s, 1e-12);
    CHECK_CLOSE(d2.data<double>()[at], s * (1 - s), 1e-12);
    CHECK_CLOSE(d3.data<double>()[at], s * (1 - s) * (1 - 2 * s), 1e-12);
  }
  CHECK(check_gradients(log1pexp, x, {.order = 3}));
}

TEST_CASE("custom_gradient: second order of a gradient that is not the function's") {
  // grad_fn returns x^3, so the second derivative is 3 x^2, independent of f.
  const auto f = custom_gradient(
      [](const Tensor& x) { return std::pair(sqrt(x), [x](const Tensor& dy) { return dy * x * x * x; }); });
  const Tensor x = constant(2.0);
  GradientTape outer;
  outer.watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor dx = inner.gradient(f(x), x);
  CHECK_CLOSE(dx, 8.0);
  CHECK_CLOSE(outer.gradient(dx, x), 12.0);
}

TEST_CASE("custom_gradient: several arguments, in each form of returning gradients") {
  const Tensor a = constant({1.0, 2.0}), b = constant({3.0, 4.0});
  const auto check = [&](const auto& f) {
    GradientTape tape;
    tape.watch({a, b});
    const Tensors grads = tape.gradient(f(a, b), {a, b});
    CHECK_CLOSE(grads[0], {6.0, 8.0});
    CHECK_CLOSE(grads[1], {3.0, 6.0});
  };
  const auto y = [](const Tensor& p, const Tensor& q) { return p * q; };
  check(custom_gradient([y](const Tensor& p, const Tensor& q) {
    return std::pair(y(p, q), [p, q](const Tensor& dy) { return std::tuple(dy * q * 2, dy * p * 3); });
  }));
  check(custom_gradient([y](const Tensor& p, const Tensor& q) {
    return std::pair(y(p, q), [p, q](const Tensor& dy) { return std::pair(dy * q * 2, dy * p * 3); });
  }));
  check(custom_gradient([y](const Tensor& p, const Tensor& q) {
    return std::pair(y(p, q), [p, q](const Tensor& dy) { return Grads{dy * q * 2, dy * p * 3}; });
  }));
  check(custom_gradient([y](const Tensor& p, const Tensor& q) {
    return std::pair(y(p, q), [p, q](const Tensor& dy) { return std::vector<Tensor>{dy * q * 2, dy * p * 3}; });
  }));
  const auto of_vector = custom_gradient([](const std::vector<Tensor>& in) {
    return std::pair(in[0] * in[1], [in](const Tensor& dy) { return Grads{dy * in[1] * 2, dy * in[0] * 3}; });
  });
  check([&](const Tensor& p, const Tensor& q) { return of_vector(std::vector<Tensor>{p, q}); });
}

TEST_CASE("custom_gradient: an argument without a gradient, numbers and variables as arguments") {
  const auto f = custom_gradient([](const Tensor& x, const Tensor& k) {
    return std::pair(x * k, [k](const Tensor& dy) { return Grads{dy * k, Tensor()}; });
  });
  const Variable v(constant({1.0, 2.0}));
  GradientTape tape({.persistent = true});
  const Tensor y = f(v, 3);
  const Variable k(constant(2.0));
  const Tensor z = f(v, k);
  tape.stop();
  CHECK_CLOSE(y, {3.0, 6.0});
  CHECK_CLOSE(tape.gradient(y, v), {3.0, 3.0});
  CHECK_CLOSE(tape.gradient(z, v), {2.0, 2.0});
  CHECK_FALSE(tape.gradient(z, k));
}

TEST_CASE("custom_gradient: several results, with zeros for one that was not used") {
  const auto f = custom_gradient([](const Tensor& x) {
    return std::pair(std::tuple(x * 2, reduce_sum(x)), [](const Tensor& dtwice, const Tensor& dsum) {
      CHECK(dtwice.shape() == Shape{3});
      CHECK(dsum.shape() == Shape{});
      return dtwice * 10 + dsum;
    });
  });
  const Tensor x = constant({1.0, 2.0, 3.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const auto [twice, sum] = f(x);
  const Tensor product = twice * sum;  // d twice = sum = 6, d sum = 2 + 4 + 6
  tape.stop();
  CHECK_CLOSE(twice, {2.0, 4.0, 6.0});
  CHECK_CLOSE(sum, 6.0);
  CHECK_CLOSE(tape.gradient(twice, x), {10.0, 10.0, 10.0});
  CHECK_CLOSE(tape.gradient(sum, x), {1.0, 1.0, 1.0});
  CHECK_CLOSE(tape.gradient(product, x), {6 * 10 + 12.0, 6 * 10 + 12.0, 6 * 10 + 12.0});
}

TEST_CASE("custom_gradient: errors") {
  const auto wrong = [](auto make, const char* name) {
    return custom_gradient(
        [make](const Tensor& x, const Tensor& y) {
          return std::pair(x * y, [make](const Tensor& dy) { return make(dy); });
        },
        name);
  };
  const Tensor x = constant({1.0, 2.0});
  const auto differentiate = [&x](const auto& f) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(x, x), x);
  };
  CHECK_THROWS_TEXT(ValueError, "[mine] custom_gradient function expected to return 2 gradients but returned 1",
                    differentiate(wrong([](const Tensor& dy) { return dy; }, "mine")));
  CHECK_THROWS_TEXT(ValueError, "[mine] custom_gradient function expected to return 2 gradients but returned 3",
                    differentiate(wrong(
                        [](const Tensor& dy) {
                          return Grads{dy, dy, dy};
                        },
                        "mine")));
  CHECK_THROWS_TEXT(ValueError, "[mine] its rule returned a gradient of shape () for input 1 of shape (2,)",
                    differentiate(wrong(
                        [](const Tensor& dy) {
                          return Grads{dy, reduce_sum(dy)};
                        },
                        "mine")));
}

TEST_CASE("custom_gradient: without a tape it is the function alone") {
  const Tensor x = constant({1.0, 2.0});
  CHECK(scaled_identity(x).is_same(x));
}

TEST_CASE("custom_gradient: variables that the function reads, to second order") {
  const Variable w(constant(3.0, float64), {.name = "w"});
  const auto f = custom_gradient(
      [&](const Tensor& t) {
        return std::pair(t * t * w, [t, &w](const Tensor& dy, const std::vector<Variable>& variables) {
          CHECK(variables.size() == 1);
          CHECK(variables[0].is_same(w));
          return std::pair(dy * 2 * t * w, std::vector<Tensor>{reduce_sum(dy * t * t)});
        });
      },
      "mine");
  const Tensor x = constant({1.0, 2.0}, float64);
  GradientTape outer({.persistent = true});
  outer.watch(x);
  Tensor dx, dw;
  {
    GradientTape inner;
    inner.watch(x);
    std::tie(dx, dw) = inner.gradient(f(x), std::tuple(x, w));
  }
  outer.stop();
  CHECK_CLOSE(dx, {6, 12}, 1e-12);
  CHECK_CLOSE(dw, {5}, 1e-12);
  CHECK_CLOSE(outer.gradient(dx, x), {6, 6}, 1e-12);
  CHECK_CLOSE(outer.gradient(dx, w), {6}, 1e-12);
  CHECK_CLOSE(outer.gradient(dw, x), {2, 4}, 1e-12);
}

TEST_CASE("custom_gradient: variables that grad_fn does not take, or of another number") {
  const Variable w(constant(3.0, float64), {.name = "w"});
  const Tensor x = constant({1.0, 2.0}, float64);
  const auto ignores =
      custom_gradient([&](const Tensor& t) { return std::pair(t * w, [](const Tensor& dy) { return dy; }); }, "mine");
  CHECK_CLOSE(ignores(x), {3, 6}, 0);  // no tape, no harm
  GradientTape tape({.persistent = true});
  tape.watch(x);
  CHECK_THROWS_TEXT(TypeError, "[mine] the function uses variables ['w'] that are not its arguments", ignores(x));
  const auto none = custom_gradient(
      [&](const Tensor& t) {
        return std::pair(
            t * w, [](const Tensor& dy, const std::vector<Variable>&) { return std::pair(dy, std::vector<Tensor>{}); });
      },
      "mine");
  const Tensor y = none(x);
  tape.stop();
  CHECK_THROWS_TEXT(ValueError,
                    "[mine] custom_gradient function expected to return 1 variable gradients but returned 0",
                    tape.gradient(y, x));
}
