#include "xtape/transforms/grad.hpp"

#include <map>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/transforms/products.hpp"

using namespace xtape;

namespace {
const Tensor x = constant({0.5, -1.0, 2.0}, float64), v = constant({1.0, 2.0, -1.0}, float64);
/// A function whose Hessian is not diagonal.
Tensor f(const Tensor& t) { return reduce_sum(exp(t)) * reduce_sum(square(t)); }
Tensor gradient_of_f(const Tensor& t) { return exp(t) * reduce_sum(square(t)) + 2 * t * reduce_sum(exp(t)); }
Tensor hessian_of_f(const Tensor& t) {
  const auto column = [](const Tensor& a) { return Tensor(a.rank() == 1 ? stack({a, a, a}, 1) : a); };
  const auto row = [](const Tensor& a) { return stack({a, a, a}, 0); };
  return cast(eye(3), float64) * (exp(t) * reduce_sum(square(t)) + 2 * reduce_sum(exp(t))) +
         column(exp(t)) * row(2 * t) + column(2 * t) * row(exp(t));
}
}  // namespace

TEST_CASE("value_and_grad: the value and the gradient") {
  const auto [value, gradient] = value_and_grad(f)(x);
  CHECK_CLOSE(value, f(x), 1e-12);
  CHECK_CLOSE(gradient, gradient_of_f(x), 1e-12);
  CHECK_CLOSE(grad(f)(x), gradient_of_f(x), 1e-12);
}

TEST_CASE("value_and_grad: chosen arguments, structures, an argument that is not used") {
  const auto g = [](const Tensor& a, const Tensor& b, double factor) { return reduce_sum(a * square(b)) * factor; };
  CHECK_CLOSE(grad(g)(x, v, 2.0), 2 * square(v), 1e-12);
  CHECK_CLOSE(grad<1>(g)(x, v, 2.0), 4 * x * v, 1e-12);
  const auto [value, gradients] = value_and_grad<1, 0>(g)(x, v, 2.0);
  CHECK_CLOSE(value, g(x, v, 2), 1e-12);
  CHECK_CLOSE(std::get<0>(gradients), 4 * x * v, 1e-12);
  CHECK_CLOSE(std::get<1>(gradients), 2 * square(v), 1e-12);
  // One tensor as two arguments: the gradient is only for the chosen one.
  CHECK_CLOSE(grad<1>(g)(x, x, 1.0), 2 * square(x), 1e-12);
  CHECK_TENSOR_EQ(grad<1>([](const Tensor& a, const Tensor&) { return reduce_sum(a); })(x, v), zeros({3}, float64));

  using Parameters = std::map<std::string, Tensor>;
  const auto model = [](const Parameters& p, const Tensor& input) { return reduce_sum(p.at("w") * input + p.at("b")); };
  const Parameters d = grad(model)(Parameters{{"w", x}, {"b", zeros({3}, float64)}}, v);
  CHECK_CLOSE(d.at("w"), v, 1e-12);
  CHECK_CLOSE(d.at("b"), {1, 1, 1}, 1e-12);
  const auto list = [](const std::vector<Tensor>& p) { return reduce_sum(p[0] * p[1]); };
  CHECK_CLOSE(grad(list)(std::vector{x, v})[1], x, 1e-12);
}

TEST_CASE("value_and_grad: variables, values beside the loss") {
  const Variable w(x, {.name = "w"}), other(v);
  CHECK_CLOSE(grad([](const Variable& p) { return reduce_sum(square(p)); })(w), 2 * x, 1e-12);
  auto step = value_and_grad(
      [&](const Tensor& input) {
        const Tensor y = w * input;
        return std::pair(reduce_sum(y), y);
      },
      std::vector{w, other});
  const auto [values, gradients] = step(v);
  CHECK_CLOSE(values.second, x * v, 1e-12);
  CHECK_CLOSE(gradients[0], v, 1e-12);
  CHECK_TENSOR_EQ(gradients[1], zeros({3}, float64));
}

TEST_CASE("value_and_grad: nests to any order, and a tape sees through it") {
  const auto cube = [](const Tensor& t) { return t * t * t * t; };
  const Tensor at = constant(2.0, float64);
  CHECK(grad(cube)(at).item() == doctest::Approx(32));
  CHECK(grad(grad(cube))(at).item() == doctest::Approx(48));
  CHECK(grad(grad(grad(cube)))(at).item() == doctest::Approx(48));
  CHECK(grad(grad(grad(grad(cube))))(at).item() == doctest::Approx(24));
  GradientTape tape;
  tape.watch(at);
  const Tensor y = grad(cube)(at * 1);
  CHECK_CLOSE(tape.gradient(y, at), {48}, 1e-12);
}

TEST_CASE("value_and_grad: only of scalars") {
  CHECK_THROWS_TEXT(ValueError,
                    "[value_and_grad] gradients are those of a scalar: the function returned a tensor of shape (3,)",
                    grad([](const Tensor& t) { return t * 2; })(x));
  CHECK_THROWS_TEXT(ValueError, "[value_and_grad] the function returned an empty tensor",
                    grad([](const Tensor&) { return Tensor(); })(x));
}

TEST_CASE("hessian, hessian_vector_product: agree with the closed form") {
  CHECK_CLOSE(hessian(f, x), hessian_of_f(x), 1e-11);
  CHECK_CLOSE(hessian_vector_product(f, x, v), reduce_sum(hessian_of_f(x) * v, 1), 1e-11);
  CHECK_TENSOR_EQ(hessian([](const Tensor& t) { return reduce_sum(t); }, x), zeros({3, 3}, float64));
  CHECK_TENSOR_EQ(hessian_vector_product([](const Tensor& t) { return reduce_sum(t); }, x, v), zeros({3}, float64));
  const Tensor matrix = constant({{1.0, 2.0}, {3.0, 4.0}}, float64);
  CHECK(hessian([](const Tensor& t) { return reduce_sum(exp(t)); }, matrix).shape() == Shape{2, 2, 2, 2});
  const Tensors products = hessian_vector_product(
      [](const std::vector<Tensor>& t) { return reduce_sum(t[0] * square(t[1])); }, {x, v}, {v, x});
  CHECK_CLOSE(products[0], 2 * v * x, 1e-12);              // f_01 x
  CHECK_CLOSE(products[1], 2 * v * v + 2 * x * x, 1e-12);  // f_10 v + f_11 x
  CHECK_THROWS_TEXT(ValueError, "[hessian] gradients are those of a scalar", hessian([](auto& t) { return t * 2; }, x));
  CHECK_THROWS_TEXT(ValueError, "[hessian_vector_product] tangents[0] has shape (2,), its primal (3,)",
                    hessian_vector_product(f, x, zeros({2}, float64)));
}

TEST_CASE("jvp: the derivative along a direction") {
  const auto g = [](const Tensor& t) { return exp(t) * reduce_sum(t); };
  const auto [y, dy] = jvp(g, x, v);
  CHECK_CLOSE(y, g(x), 1e-12);
  CHECK_CLOSE(dy, exp(x) * v * reduce_sum(x) + exp(x) * reduce_sum(v), 1e-12);
  const auto [two, d_two] =
      jvp([](const std::vector<Tensor>& t) { return t[0] * t[1]; }, std::vector{x, x}, std::vector{v, x});
  CHECK_CLOSE(d_two, v * x + x * x, 1e-12);  // one tensor as two arguments
  CHECK_TENSOR_EQ(jvp([](const Tensor&) { return ones({2}, float64); }, x, v).second, zeros({2}, float64));
}

TEST_CASE("vjp: the gradient from a given one, several times") {
  const auto [y, pull] = vjp([](const Tensor& t) { return exp(t); }, x);
  CHECK_CLOSE(y, exp(x), 1e-12);
  CHECK_CLOSE(pull(v), exp(x) * v, 1e-12);
  CHECK_CLOSE(pull(x), exp(x) * x, 1e-12);
}

TEST_CASE("ForwardAccumulator: of tensors and variables, several targets") {
  const Variable w(x, {.name = "w"});
  ForwardAccumulator accumulator({w, v}, {ones({3}, float64), x});
  const Tensor y = w * v, loss = reduce_sum(square(y)), constant_one = ones({2}, float64);
  CHECK_CLOSE(accumulator.jvp(y), v + x * x, 1e-12);
  CHECK_CLOSE(accumulator.jvp(loss), reduce_sum(2 * x * v * (v + x * x)), 1e-12);
  CHECK_CLOSE(accumulator.jvp(y), v + x * x, 1e-12);
  CHECK_FALSE(accumulator.jvp(constant_one));
  CHECK_TENSOR_EQ(accumulator.jvp(constant_one, UnconnectedGradients::zero), zeros({2}, float64));
  const Tensor later = exp(y);  // the tape still records
  CHECK_CLOSE(accumulator.jvp(later), exp(x * v) * (v + x * x), 1e-12);
}

TEST_CASE("ForwardAccumulator: over a tape it gives Hessian-vector products, nested it gives second derivatives") {
  ForwardAccumulator accumulator({x}, {v});
  Tensor g;
  {
    GradientTape tape;
    tape.watch(x);
    g = tape.gradient(f(x), x);
  }
  CHECK_CLOSE(accumulator.jvp(g), reduce_sum(hessian_of_f(x) * v, 1), 1e-11);

  const Tensor at = constant(2.0, float64), one = constant(1.0, float64);
  ForwardAccumulator outer({at}, {one});
  Tensor first;
  {
    ForwardAccumulator inner({at}, {one});
    first = inner.jvp(at * at * at);
  }
  CHECK_CLOSE(first, {12}, 1e-12);
  CHECK_CLOSE(outer.jvp(first), {12}, 1e-12);
}

TEST_CASE("ForwardAccumulator: what does not fit") {
  CHECK_THROWS_TEXT(ValueError, "[ForwardAccumulator] expected one tangent for each of 1 primals, received 2",
                    ForwardAccumulator({x}, {v, v}));
  CHECK_THROWS_TEXT(ValueError, "[ForwardAccumulator] tangents[0] has shape (2,), its primal (3,)",
                    ForwardAccumulator({x}, {zeros({2}, float64)}));
  CHECK_THROWS_TEXT(TypeError, "[ForwardAccumulator] tangents[0] is float32, its primal float64",
                    ForwardAccumulator({x}, {zeros({3})}));
  CHECK_THROWS_TEXT(TypeError, "[ForwardAccumulator] primals[0] is int32", ForwardAccumulator({constant(1)}, {x}));
  CHECK_THROWS_TEXT(ValueError, "[ForwardAccumulator] primals[0] and primals[1] are the same",
                    ForwardAccumulator({x, x}, {v, v}));
}

TEST_CASE("hessian: of several tensors, in blocks") {
  const Tensor p = constant({1.0, 2.0}, float64), q = constant({{3.0}, {5.0}}, float64);
  // p' diag(p) q summed with q^3: d2/dp2 = diag(2 q), d2/dp dq = diag(2 p), d2/dq2 = diag(6 q).
  const auto of_both = [](const std::vector<Tensor>& t) {
    return reduce_sum(square(t[0]) * reshape(t[1], {2})) + reduce_sum(square(t[1]) * t[1]);
  };
  const std::vector<Tensors> blocks = hessian(of_both, {p, q});
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0][1].shape() == Shape{2, 2, 1});
  CHECK(blocks[1][0].shape() == Shape{2, 1, 2});
  CHECK(blocks[1][1].shape() == Shape{2, 1, 2, 1});
  CHECK_CLOSE(reshape(blocks[0][0], {4}), {6, 0, 0, 10}, 1e-12);
  CHECK_CLOSE(reshape(blocks[0][1], {4}), {2, 0, 0, 4}, 1e-12);
  CHECK_CLOSE(reshape(blocks[1][0], {4}), {2, 0, 0, 4}, 1e-12);
  CHECK_CLOSE(reshape(blocks[1][1], {4}), {18, 0, 0, 30}, 1e-12);
  CHECK_CLOSE(hessian([](const std::vector<Tensor>& t) { return reduce_sum(t[0]); }, {p, q})[1][0],
              std::vector<double>(4, 0), 0);
}
