#include "xtape/transforms/products.hpp"

#include <cmath>
#include <memory>
#include <thread>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/control_flow.hpp"
#include "xtape/function/function.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/custom_gradient.hpp"
#include "xtape/tape/record_forward.hpp"
#include "xtape/transforms/grad.hpp"
#include "xtape/transforms/recompute_grad.hpp"

// Forward mode: the semantics of ForwardAccumulator and of the functions made of it. Every op in forward mode is tested
// in ops/forward_rows_test.cpp.
using namespace xtape;

namespace {
const Tensor x = constant({0.5, -1.0, 2.0}, float64), v = constant({1.0, 2.0, -1.0}, float64);
}  // namespace

TEST_CASE("forward mode: broadcast operands, plain numbers, one tensor as both operands") {
  const Tensor a = constant({{1.0, 2.0}, {3.0, 4.0}}, float64), b = constant({-1.0, 0.5}, float64);
  const Tensor da = constant({{0.1, 0.2}, {0.3, 0.4}}, float64), db = constant({2.0, -3.0}, float64);
  ForwardAccumulator accumulator({a, b}, {da, db});
  CHECK_CLOSE(accumulator.jvp(a * b), da * b + a * db, 1e-14);
  CHECK_CLOSE(accumulator.jvp(b - a), db - da, 1e-14);
  CHECK_CLOSE(accumulator.jvp(b + zeros({2, 2}, float64)), db + zeros({2, 2}, float64), 1e-14);
  CHECK_CLOSE(accumulator.jvp(3 / b), -3 * db / (b * b), 1e-14);
  CHECK_CLOSE(accumulator.jvp(b * b), 2 * b * db, 1e-14);
  CHECK_CLOSE(accumulator.jvp(matmul(a, a)), matmul(da, a) + matmul(a, da), 1e-14);
  CHECK_CLOSE(accumulator.jvp(maximum(b, 0)), constant({0.0, -3.0}, float64), 1e-14);
  CHECK_FALSE(accumulator.jvp(stop_gradient(b)).defined());
  CHECK_FALSE(accumulator.jvp(cast(b, int32)).defined());
  CHECK_CLOSE(accumulator.jvp(b), db, 1e-14);  // of a primal itself
  CHECK_CLOSE(accumulator.jvp(cast(b, float32)), db, 1e-7);
  CHECK(accumulator.jvp(cast(b, float32)).dtype() == float32);
}

TEST_CASE("forward mode: values at the limits, empty tensors") {
  const auto at = [](double value, auto f) {
    return jvp([&](const Tensor& t) { return f(t); }, constant(value, float64), constant(1.0, float64)).second.item();
  };
  CHECK(at(300, [](const Tensor& t) { return sigmoid(t); }) == 0);
  CHECK(at(-300, [](const Tensor& t) { return nn::softplus(t); }) == doctest::Approx(0));
  CHECK(at(300, [](const Tensor& t) { return nn::softplus(t); }) == 1);
  CHECK(at(300, [](const Tensor& t) { return reduce_logsumexp(stack({t, 2 * t})); }) == doctest::Approx(2));
  CHECK(at(0, [](const Tensor& t) { return reduce_prod(stack({t, t + 2})); }) == 2);
  const Tensor none = zeros({0, 3}, float64);
  const auto [y, dy] = jvp([](const Tensor& t) { return reduce_sum(tanh(t) * 2, 0); }, none, none);
  CHECK_TENSOR_EQ(dy, zeros({3}, float64));
  CHECK(jvp(
            [](const Tensor& t) {
              return matmul(t, ones({3, 2}, float64));
            },
            none, none)
            .second.shape() == Shape{0, 2});
}

TEST_CASE("forward mode: a tape outside of the accumulator differentiates it, one inside does not see it") {
  const auto f = [](const Tensor& t) { return reduce_sum(t * t * t); };
  {
    GradientTape tape;
    tape.watch(x);
    ForwardAccumulator accumulator({x}, {v});
    CHECK_CLOSE(tape.gradient(accumulator.jvp(f(x)), x), 6 * x * v, 1e-12);
  }
  ForwardAccumulator accumulator({x}, {v});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = f(x);
  CHECK_FALSE(tape.gradient(accumulator.jvp(y), x).defined());
  const Tensor gradient = tape.gradient(y, x);
  CHECK_CLOSE(gradient, 3 * x * x, 1e-12);
  CHECK_CLOSE(accumulator.jvp(gradient), 6 * x * v, 1e-12);
}

TEST_CASE("forward mode: the values of TensorFlow's documentation") {
  const Tensor primal = constant(1.1), one = constant(1.0);
  ForwardAccumulator outer({primal}, {one});
  ForwardAccumulator inner({primal}, {one});
  const Tensor y = pow(primal, constant(3.5));
  inner.stop();
  outer.stop();
  const Tensor first = inner.jvp(y);
  CHECK_CLOSE(first, {4.4417057}, 1e-6);
  CHECK_CLOSE(outer.jvp(first), {10.094786}, 1e-6);
  CHECK_FALSE(inner.jvp(outer.jvp(y)).defined());
  CHECK_FALSE(outer.jvp(primal * 2).defined());

  const Variable w(constant({1.0, 2.0}));
  ForwardAccumulator accumulator({w}, {constant({1.0, 0.0})});
  GradientTape tape;
  const Tensor backward = tape.gradient(reduce_sum(pow(w, 3.0)), w);
  CHECK_CLOSE(backward, {3, 12}, 1e-6);
  CHECK_CLOSE(accumulator.jvp(backward), {6, 0}, 1e-6);
}

TEST_CASE("forward mode: three levels, of each kind") {
  const Tensor t = constant(1.5, float64), one = constant(1.0, float64);
  const auto f = [](const Tensor& s) { return sin(s) * s; };  // f''' = -s cos(s) - 3 sin(s)
  const double expected = -1.5 * std::cos(1.5) - 3 * std::sin(1.5);
  {
    ForwardAccumulator a({t}, {one}), b({t}, {one}), c({t}, {one});
    CHECK(a.jvp(b.jvp(c.jvp(f(t)))).item() == doctest::Approx(expected).epsilon(1e-13));
  }
  {
    ForwardAccumulator a({t}, {one});
    GradientTape tape;
    tape.watch(t);
    ForwardAccumulator c({t}, {one});
    CHECK(a.jvp(tape.gradient(c.jvp(f(t)), t)).item() == doctest::Approx(expected).epsilon(1e-13));
  }
  GradientTape outer;
  outer.watch(t);
  ForwardAccumulator b({t}, {one});
  GradientTape inner;
  inner.watch(t);
  CHECK(outer.gradient(b.jvp(inner.gradient(f(t), t)), t).item() == doctest::Approx(expected).epsilon(1e-13));
}

TEST_CASE("forward mode: no derivative of one accumulator is taken for that of another") {
  // The derivative of x (d(x + y)/dy) for x is 1, not 2 (Siskind and Pearlmutter 2005).
  const Tensor s = constant(3.0, float64), one = constant(1.0, float64);
  const auto inner = [&](const Tensor& outer_x) {
    return jvp([&](const Tensor& y) { return outer_x + y; }, constant(1.0, float64), one).second;
  };
  CHECK(jvp([&](const Tensor& t) { return t * inner(t); }, s, one).second.item() == 1);
}

TEST_CASE("forward mode: variables as primals") {
  Variable w(x), b(constant(0.25, float64), {.name = "b"});
  const std::vector<Variable> both{w, b};
  const std::vector<Tensor> along{v, constant(2.0, float64)};
  {
    ForwardAccumulator accumulator(both, along);
    const Tensor y = square(w) + b;
    CHECK_CLOSE(accumulator.jvp(y), 2 * x * v + 2, 1e-14);
    GradientTape tape;
    const Tensors gradients = tape.gradient(reduce_sum(w * w * w) * b, both);
    CHECK_CLOSE(accumulator.jvp(gradients[1]), reduce_sum(3 * x * x * v), 1e-13);
    CHECK_CLOSE(accumulator.jvp(gradients[0]), 6 * x * v * 0.25 + 3 * x * x * 2, 1e-13);
    w.assign(x * 2);  // the new value does not move
    CHECK_FALSE(accumulator.jvp(w * 1).defined());
  }
  w.assign(x);
  auto step = function([&](const Tensor& t) {
    ForwardAccumulator accumulator({w}, {v});
    const Tensor dy = accumulator.jvp(w * w * t);
    w.assign_add(t);
    return dy;
  });
  for (int i = 0; i < 3; ++i) {
    const Tensor before = w.value() * 1;
    CHECK_CLOSE(step(x), 2 * before * v * x, 1e-13);
  }
  CHECK(step.obstacle().empty());
}

TEST_CASE("forward mode: custom gradients, recomputation, branches and loops, each without a rule of its own") {
  const auto twice = custom_gradient([](const Tensor& t) {
    return std::pair(square(t), [t](const Tensor& dy) { return dy * t * 3; });  // not the derivative of a square
  });
  const auto f = recompute_grad([](const Tensor& t) { return tanh(t) * t; });
  ForwardAccumulator accumulator({x}, {v});
  CHECK_CLOSE(accumulator.jvp(twice(x)), 3 * x * v, 1e-14);
  CHECK_CLOSE(accumulator.jvp(f(x)), (tanh(x) + x * (1 - square(tanh(x)))) * v, 1e-14);
  CHECK(accumulator.ops_without_rule() == std::vector<std::string>{"custom_gradient", "recompute_grad"});

  const auto loop = [](const Tensor& t) {
    const TensorList chosen = cond(
        reduce_sum(t) > 0, [&] { return TensorList(t * t); }, [&] { return TensorList(-t); });
    return fori_loop(
               0, 3, [&](const Tensor&, const TensorList& carry) { return TensorList(carry.only() * sin(t)); }, chosen)
        .only();
  };
  auto traced = function([&](const Tensor& t, const Tensor& d) {
    const auto [y, dy] = jvp(loop, t, d);
    return Tensors{y, dy};
  });
  const auto expected = [](const Tensor& t, const Tensor& d) {
    const Tensor s = sin(t);
    return (reduce_sum(t).item() > 0 ? 2 * t * s * s * s + 3 * t * t * s * s * cos(t)
                                     : -s * s * s - 3 * t * s * s * cos(t)) *
           d;
  };
  for (const Tensor& t : {x, -x, x * 0.5}) {
    CHECK_CLOSE(jvp(loop, t, v).second, expected(t, v), 1e-13);
    CHECK_CLOSE(traced(t, v)[1], expected(t, v), 1e-13);
  }
  CHECK_MESSAGE(traced.obstacle().empty(), traced.obstacle());
}

TEST_CASE("forward mode: the fused ops of layers and losses, whichever inputs move") {
  const auto some = [](const Shape& shape, double scale) {
    return sin(reshape(arange(0.0, static_cast<double>(shape.numel()), 1.0, float64), shape) * scale + 1);
  };
  const auto compare = [&](const auto& fused, const auto& by_ops, const std::vector<Tensor>& inputs) {
    constexpr double tolerance = 1e-12;
    for (std::size_t moving = 1; moving < std::size_t{1} << inputs.size(); ++moving) {
      CAPTURE(moving);
      std::vector<Tensor> primals, tangents;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if ((moving >> i & 1) == 0) continue;
        primals.push_back(inputs[i]);
        tangents.push_back(some(inputs[i].shape(), 1.7));
      }
      ForwardAccumulator accumulator(primals, tangents);
      const Tensor y = fused(inputs), expected = by_ops(inputs);
      CHECK_CLOSE(y, expected, tolerance, tolerance);
      CHECK_CLOSE(accumulator.jvp(y), accumulator.jvp(expected), tolerance, tolerance);
      const auto bends = [&](const auto& f) {
        GradientTape tape;
        tape.watch(inputs);
        Tensors gradients = tape.gradient(square(f(inputs)), inputs);
        for (Tensor& each : gradients) each = accumulator.jvp(each, UnconnectedGradients::zero);
        return gradients;
      };
      const Tensors received = bends(fused), wanted = bends(by_ops);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        CHECK_CLOSE(received[i], wanted[i], 100 * tolerance, 100 * tolerance);
      CHECK(accumulator.ops_without_rule().empty());
    }
  };
  using List = std::vector<Tensor>;
  for (const bool relu : {false, true}) {
    const auto activation = [relu](const Tensor& t) { return relu ? nn::relu(t) : t; };
    compare([&](const List& p) { return detail::dense(p[0], p[1], p[2], relu); },
            [&](const List& p) { return activation(matmul(p[0], p[1]) + p[2]); },
            {some({2, 3, 4}, 0.7), some({4, 5}, 1.3), some({5}, 0.9)});
    compare([&](const List& p) { return detail::conv2d(p[0], p[1], p[2], {.padding = Padding::same}, relu); },
            [&](const List& p) { return activation(nn::conv2d(p[0], p[1], {.padding = Padding::same}) + p[2]); },
            {some({2, 4, 4, 2}, 0.7), some({3, 3, 2, 3}, 1.3), some({3}, 0.9)});
  }
  compare([](const List& p) { return losses::mean_squared_error(p[0], p[1]); },
          [](const List& p) { return reduce_mean(square(p[0] - p[1]), -1); }, {some({3, 4}, 0.7), some({3, 4}, 1.1)});
  compare([](const List& p) { return losses::log_cosh(p[0], p[1]); },
          [](const List& p) { return reduce_mean(log((exp(p[1] - p[0]) + exp(p[0] - p[1])) / 2), -1); },
          {some({3, 4}, 0.7), some({3, 4}, 1.1)});
  // bfloat16 has 8 bits.
  const Tensor in = cast(some({4, 3}, 0.7), bfloat16), w = cast(some({3, 2}, 1.3), float32);
  ForwardAccumulator accumulator({in, w}, {ones({4, 3}, bfloat16), ones({3, 2})});
  const Tensor expected = matmul(ones({4, 3}), w) + matmul(cast(in, float32), ones({3, 2}));
  const Tensor y = linear(in, w);
  CHECK(accumulator.jvp(y).dtype() == bfloat16);
  CHECK_CLOSE(cast(accumulator.jvp(y), float32), expected, 0.02, 0.02);
}

TEST_CASE("forward mode: over a Jacobian, which joins the rows of many walks") {
  ForwardAccumulator accumulator({x}, {v});
  GradientTape tape;
  tape.watch(x);
  const Tensor jacobian = tape.jacobian(x * x * reduce_sum(x), x);
  // d(x_i^2 s)/dx_j = 2 x_i s [i = j] + x_i^2, with s = sum(x)
  const Tensor expected = cast(eye(3), float64) * (2 * v * reduce_sum(x) + 2 * x * reduce_sum(v)) +
                          expand_dims(2 * x * v, 1) * ones({1, 3}, float64);
  CHECK_CLOSE(accumulator.jvp(jacobian), expected, 1e-13);
}

TEST_CASE("forward mode: tangents are released with what they belong to") {
  const Tensor large = ones({1 << 16}, float64), direction = ones({1 << 16}, float64);
  const auto chain = [&](int length) {
    reset_peak_memory();
    ForwardAccumulator accumulator({large}, {direction});
    Tensor y = large;
    for (int i = 0; i < length; ++i) y = tanh(y);
    return accumulator.jvp(y);
  };
  chain(4);
  const std::int64_t before = memory_stats().peak_bytes;
  chain(200);
  const std::int64_t one_tangent = (1 << 16) * 8;
  CHECK(memory_stats().peak_bytes < before + one_tangent);
}

TEST_CASE("forward mode: results that many ops keep using, and that a tape keeps") {
  ForwardAccumulator accumulator({x}, {v});
  std::vector<Tensor> kept;
  for (int i = 0; i < 300; ++i) kept.push_back(x * i);
  GradientTape tape;
  tape.watch(x);
  Tensor y = x;
  for (int i = 0; i < 300; ++i) y = y + kept[static_cast<std::size_t>(i)] * 1e-3;
  for (int i = 0; i < 300; i += 50) CHECK_CLOSE(accumulator.jvp(kept[static_cast<std::size_t>(i)]), v * i, 1e-14);
  CHECK_CLOSE(accumulator.jvp(y), v * (1 + 1e-3 * 299 * 150), 1e-12);
}

TEST_CASE("forward mode: an accumulator is moved, ends in any order, belongs to its thread") {
  Tensor y;
  {
    auto first = std::make_unique<ForwardAccumulator>(ForwardAccumulator({x}, {v}));
    ForwardAccumulator second({x}, {v * 2});
    y = x * x;
    CHECK_CLOSE(first->jvp(y), 2 * x * v, 1e-14);
    CHECK_CLOSE(second.jvp(y), 4 * x * v, 1e-14);
    first.reset();
    CHECK_CLOSE(second.jvp(y * x), 6 * x * x * v, 1e-14);
    std::thread([&] {
      CHECK_THROWS_TEXT(RuntimeError, "[ForwardAccumulator] an accumulator belongs to the thread that made it",
                        second.jvp(y));
    }).join();
    ForwardAccumulator third(std::move(second));
    CHECK_CLOSE(third.jvp(y), 4 * x * v, 1e-14);
    CHECK_THROWS_TEXT(RuntimeError, "[ForwardAccumulator] the accumulator has been moved from", second.jvp(y));
  }
  CHECK_FALSE(is_recording());
}

TEST_CASE("forward mode: an op with a rule of the user's own, and rules that do not fit") {
  const auto triple = [](const Tensor& t, const auto& rule) {
    return record(
        "triple", {t}, stop_gradient(t) * 3, [](const Tensor& dy) { return Grads{dy * 3}; }, rule);
  };
  ForwardAccumulator accumulator({x}, {v});
  CHECK_CLOSE(accumulator.jvp(triple(x, [](const Tensor& t) { return t * 3; })), 3 * v, 1e-14);
  CHECK_CLOSE(accumulator.jvp(triple(x, [](const Tensor&) { return Tensor(3.0); })), {3, 3, 3}, 1e-14);
  CHECK_FALSE(accumulator.jvp(triple(x, [](const Tensor&) { return Tensor(); })).defined());
  CHECK(accumulator.ops_without_rule().empty());
  CHECK_THROWS_TEXT(ValueError, "[triple] its jvp returned a tangent of dtype float64 and shape (2,)",
                    triple(x, [](const Tensor&) { return ones({2}, float64); }));
  CHECK_THROWS_TEXT(ValueError, "in the jvp of 'triple'", triple(x, [](const Tensor& t) { return reshape(t, {2}); }));
  CHECK_CLOSE(accumulator.jvp(x * 2), 2 * v, 1e-14);
}

TEST_CASE("hessian_vector_product: forward over reverse is reverse over reverse") {
  const Tensor w = constant({{0.3, -0.2, 0.5}, {0.1, 0.7, -0.4}}, float64);
  const auto f = [&](const std::vector<Tensor>& p) {
    return reduce_sum(nn::softmax(tanh(matmul(p[0], expand_dims(p[1], 1)))) * square(p[0]));
  };
  const std::vector<Tensor> at{w, x}, along{w * 2 - 1, v};
  GradientTape outer;
  outer.watch(at);
  GradientTape inner;
  inner.watch(at);
  const Tensors first = inner.gradient(f(at), at);
  const Tensors expected =
      outer.gradient(std::vector<Tensor>(first.begin(), first.end()), at, {.output_gradients = along});
  const Tensors received = hessian_vector_product(f, at, along);
  for (std::size_t i = 0; i < 2; ++i) CHECK_CLOSE(received[i], expected[i], 1e-12, 1e-13);
}

TEST_CASE("jacfwd, jacrev: the same matrix, by columns and by rows") {
  const auto f = [](const Tensor& t) { return stack({t * t, t * reduce_sum(t)}); };  // [2, 3]
  const Tensor columns = jacfwd(f, x);
  CHECK(columns.shape() == Shape{2, 3, 3});
  CHECK_CLOSE(columns, jacrev(f, x), 1e-14);
  CHECK_CLOSE(columns[0], cast(eye(3), float64) * (2 * x), 1e-14);
  const Tensor matrix = constant({{1.0, 2.0}, {3.0, 4.0}}, float64);
  const auto square_of = [](const Tensor& t) { return matmul(t, t); };
  CHECK_CLOSE(jacfwd(square_of, matrix), jacrev(square_of, matrix), 1e-13);
  CHECK(jacfwd(square_of, matrix).shape() == Shape{2, 2, 2, 2});
  CHECK_TENSOR_EQ(jacfwd([](const Tensor&) { return ones({2}, float64); }, x), zeros({2, 3}, float64));
  CHECK(jacfwd(f, zeros({0}, float64)).shape() == Shape{2, 0, 0});
  // A Hessian, forward over reverse.
  const auto g = [](const Tensor& t) { return reduce_sum(t * t * t); };
  CHECK_CLOSE(jacfwd(grad(g), x), cast(eye(3), float64) * (6 * x), 1e-13);
  CHECK_THROWS_TEXT(TypeError, "[jacfwd] primals[0] is int32", jacfwd(f, constant({1, 2})));
}

TEST_CASE("custom_jvp: the rule gives derivatives in both modes and of each order") {
  // The rule is twice the derivative, so that it is seen that it is used.
  const auto f = custom_jvp([](const Tensor& t) { return sin(t); },
                            [](const Tensor& t, const Tensor& d) { return 2 * cos(t) * d; });
  CHECK_CLOSE(f(x), sin(x), 1e-14);
  CHECK_CLOSE(jvp(f, x, v).second, 2 * cos(x) * v, 1e-14);
  const auto sum = [&](const Tensor& t) { return reduce_sum(f(t)); };
  CHECK_CLOSE(grad(sum)(x), 2 * cos(x), 1e-14);
  CHECK_CLOSE(hessian_vector_product(sum, x, v), -2 * sin(x) * v, 1e-14);
  CHECK_CLOSE(jvp([&](const Tensor& t) { return jvp(f, t, v).second; }, x, v).second, -2 * sin(x) * v * v, 1e-14);
  const auto product = custom_jvp([](const std::vector<Tensor>& p) { return matmul(p[0], p[1]); },
                                  [](const std::vector<Tensor>& p, const std::vector<Tensor>& d) {
                                    return matmul(d[0], p[1]) + matmul(p[0], d[1]);
                                  },
                                  "product");
  const Tensor a = constant({{1.0, 2.0}, {3.0, 4.0}}, float64), b = constant({{0.5, -1.0}, {2.0, 1.0}}, float64);
  GradientTape tape;
  tape.watch(a);
  CHECK_CLOSE(tape.gradient(product({a, b}), a), matmul(ones({2, 2}, float64), b, {.transpose_b = true}), 1e-14);
  ForwardAccumulator accumulator({b}, {a});
  CHECK_CLOSE(accumulator.jvp(product({a, b})), matmul(a, a), 1e-14);
  CHECK(accumulator.ops_without_rule().empty());
  const auto wrong = custom_jvp([](const Tensor& t) { return sin(t); },
                                [](const Tensor&, const Tensor&) { return ones({2}, float64); }, "wrong");
  CHECK_THROWS_TEXT(ValueError, "[wrong] the rule returned a tangent of shape (2,), the function one of shape (3,)",
                    jvp(wrong, x, v));
  auto replayed = function([&](const Tensor& t) { return jvp(f, t, v).second; });
  for (const Tensor& t : {x, v, x}) CHECK_CLOSE(replayed(t), 2 * cos(t) * v, 1e-14);
}
