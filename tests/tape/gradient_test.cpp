#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

TEST_CASE("gradient: of the sum of the elements where the target is not a scalar") {
  const Tensor x = constant({1.0, 2.0, 3.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor squares = x * x, sum = reduce_sum(squares);
  tape.stop();
  CHECK_CLOSE(tape.gradient(squares, x), {2.0, 4.0, 6.0});
  CHECK_CLOSE(tape.gradient(sum, x), {2.0, 4.0, 6.0});
}

TEST_CASE("gradient: of the sum over several targets") {
  const Tensor x = constant(2.0), w = constant(5.0);
  GradientTape tape({.persistent = true});
  tape.watch({x, w});
  const Tensor a = x * x, b = x * w, c = constant({1.0, 1.0}) * x;
  tape.stop();
  const std::vector<Tensor> targets{a, b, c};
  const Tensors grads = tape.gradient(targets, {x, w});  // 2 x + w + 2 and x
  CHECK_CLOSE(grads[0], 11.0);
  CHECK_CLOSE(grads[1], 2.0);
  CHECK_CLOSE(tape.gradient(targets, std::vector<Tensor>{w, x})[1], 11.0);
  CHECK_CLOSE(tape.gradient({a, b}, {x})[0], 9.0);
  CHECK_CLOSE(tape.gradient({a, a}, {x})[0], 8.0);
}

TEST_CASE("gradient: output_gradients weigh the targets' elements; an empty one stands for ones") {
  const Tensor x = constant({1.0, 2.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * x, z = x * 3;
  tape.stop();
  const Tensor weights = constant({10.0, 100.0});
  CHECK_CLOSE(tape.gradient(y, x, {.output_gradients = {weights}}), {20.0, 400.0});
  CHECK_CLOSE(tape.gradient({y, z}, {x}, {.output_gradients = {weights, Tensor()}})[0], {23.0, 403.0});
  CHECK_CLOSE(tape.gradient({y, z}, {x}, {.output_gradients = {Tensor(), weights}})[0], {32.0, 304.0});
  CHECK_CLOSE(weights, {10.0, 100.0});
  const Tensor scalar = constant(3.0);
  GradientTape other;
  other.watch(scalar);
  const Tensor square = scalar * scalar;
  CHECK_CLOSE(other.gradient(square, scalar, {.output_gradients = {2}}), 12.0);  // a plain number
}

TEST_CASE("gradient: wrong output_gradients are errors and lose nothing") {
  const Tensor x = constant({1.0, 2.0});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  CHECK_THROWS_TEXT(ValueError,
                    "[GradientTape.gradient] expected one output gradient for each of 1 targets, received 2",
                    tape.gradient(y, x, {.output_gradients = {x, x}}));
  CHECK_THROWS_TEXT(ValueError,
                    "[GradientTape.gradient] output_gradients[0] must be like its target, float32 (2,): received "
                    "float32 (3,)",
                    tape.gradient(y, x, {.output_gradients = {ones({3})}}));
  CHECK_THROWS_TEXT(ValueError,
                    "[GradientTape.gradient] output_gradients[0] must be like its target, float32 (2,): received "
                    "float64 (2,)",
                    tape.gradient(y, x, {.output_gradients = {ones({2}, float64)}}));
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.gradient] argument `target` must be a tensor, targets[0] is empty",
                    tape.gradient(Tensor(), x));
  CHECK_THROWS_TEXT(TypeError, "expected a tensor or a variable as a source, received an empty tensor",
                    tape.gradient(y, Tensor()));
  CHECK(tape.is_recording());
  CHECK_CLOSE(tape.gradient(y, x), {2.0, 4.0});
}

TEST_CASE("gradient: an unconnected source has none, or zeros of its shape and dtype") {
  const Tensor x = constant({1.0, 2.0}), other = ones({2, 3}, float64);
  const Variable v(ones({3}), {.trainable = false}), read(ones({4}));
  GradientTape tape({.persistent = true});
  tape.watch({x, other});
  const Tensor y = x * x;
  const Tensor z = read * 2;
  tape.stop();
  const Tensors none = tape.gradient(y, {x, other, v, read});
  CHECK(none[0].defined());
  for (std::size_t i : {1, 2, 3}) CHECK_FALSE(none[i].defined());
  const Tensors zero = tape.gradient(y, {x, other, v, read}, {.unconnected_gradients = UnconnectedGradients::zero});
  CHECK_CLOSE(zero[0], {2.0, 4.0});
  CHECK_TENSOR_EQ(zero[1], zeros({2, 3}, float64));
  CHECK_TENSOR_EQ(zero[2], zeros({3}));
  CHECK_TENSOR_EQ(zero[3], zeros({4}));
}

TEST_CASE("gradient: a target that is a source has gradient ones, recorded or not") {
  const Tensor x = constant({1.0, 2.0});
  const Variable v(constant({3.0}));
  CHECK_CLOSE(GradientTape().gradient(x, x), {1.0, 1.0});  // never watched
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * v;
  tape.stop();
  CHECK_CLOSE(tape.gradient(x, x), {1.0, 1.0});
  CHECK_CLOSE(tape.gradient(y, y), {1.0, 1.0});
  CHECK_CLOSE(tape.gradient(v, v), {1.0});
  CHECK_CLOSE(tape.gradient({x, y}, {x})[0], {4.0, 4.0});  // 1 + v
  CHECK_CLOSE(tape.gradient({x, x}, {x})[0], {2.0, 2.0});
  CHECK_CLOSE(tape.gradient(x, x, {.output_gradients = {constant({5.0, 7.0})}}), {5.0, 7.0});
  const Variable unread(constant(2.0));
  CHECK_CLOSE(tape.gradient(unread, unread), 1.0);
  CHECK_FALSE(tape.gradient(constant({1, 2}), x));
  const Tensor i = constant({1, 2});
  CHECK_FALSE(tape.gradient(i, i));  // not floating
}

TEST_CASE("gradient: a seed on a target that feeds another target is added") {
  const Tensor x = constant(2.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x, z = y * 3;
  // d(10 y + 100 z) / dx = (10 + 300) 2 x, of which y's share is 310
  const Tensors grads = tape.gradient({y, z}, {x, y}, {.output_gradients = {constant(10.0), constant(100.0)}});
  CHECK_CLOSE(grads[0], 1240.0);
  CHECK_CLOSE(grads[1], 310.0);
}

TEST_CASE("gradient: the same source twice, and sources in their order") {
  const Tensor x = constant(2.0);
  const Variable v(constant(5.0));
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x * v;
  const Tensors grads = tape.gradient(y, {x, v, x, v});
  CHECK_CLOSE(grads[0], 20.0);
  CHECK_CLOSE(grads[1], 4.0);
  CHECK_CLOSE(grads[2], 20.0);
  CHECK_CLOSE(grads[3], 4.0);
}

TEST_CASE("gradient: intermediate results as sources, together with what they come from") {
  const Tensor x = constant(2.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor a = x * x, b = a * x, c = a + b;  // c = x^2 + x^3
  const Tensors grads = tape.gradient(c, {x, a, b, c});
  CHECK_CLOSE(grads[0], 4.0 + 12.0);
  CHECK_CLOSE(grads[1], 1.0 + 2.0);  // directly, and through b = a x
  CHECK_CLOSE(grads[2], 1.0);
  CHECK_CLOSE(grads[3], 1.0);
}

TEST_CASE("gradient: a variable assigned to between two reads has the sum of both") {
  Variable v(constant(2.0));
  GradientTape tape({.persistent = true});
  const Tensor a = v * v;  // at 2
  v.assign(constant(10.0));
  const Tensor b = v * 3;  // at 10
  v.assign_add(constant(1.0));
  const Tensor c = v * v;  // at 11
  const Tensor product = a * b;
  tape.stop();
  CHECK_CLOSE(a, 4.0);
  CHECK_CLOSE(tape.gradient(a, v), 4.0);
  CHECK_CLOSE(tape.gradient(b, v), 3.0);
  CHECK_CLOSE(tape.gradient(c, v), 22.0);
  CHECK_CLOSE(tape.gradient({a, b, c}, {v})[0], 29.0);
  CHECK_CLOSE(tape.gradient(product, v), 4.0 * 30 + 4.0 * 3);
}

TEST_CASE("gradient: none flows through an assignment") {
  Variable v(constant(2.0));
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  v.assign_add(x);
  const Tensor y = v * v;
  const Tensors grads = tape.gradient(y, {x, v});
  CHECK_FALSE(grads[0].defined());
  CHECK_CLOSE(grads[1], 10.0);
}

TEST_CASE("gradient: an update after the forward does not change what it saw") {
  Variable v(constant({1.0, 2.0}));
  GradientTape tape;
  const Tensor y = v * v;
  v.assign(constant({100.0, 100.0}));
  CHECK_CLOSE(tape.gradient(y, v), {2.0, 4.0});
}

TEST_CASE("gradient: integers and comparisons end a path") {
  const Tensor x = constant({1.5, 2.5});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor through = cast(cast(x, int32), float32) * x;  // trunc(x) as a constant
  const Tensor flags = x > 2;
  tape.stop();
  CHECK_CLOSE(tape.gradient(through, x), {1.0, 2.0});
  CHECK_FALSE(tape.gradient(flags, x));
  CHECK_FALSE(tape.gradient(cast(x, int32), x));
}

TEST_CASE("gradient: between floating dtypes, each source has its own") {
  const Tensor x = constant({1.5, 2.5}), d = constant({2.0, 3.0}, float64);
  GradientTape tape;
  tape.watch({x, d});
  const Tensor y = cast(x, float64) * d;
  const Tensors grads = tape.gradient(y, {x, d});
  CHECK_TENSOR_EQ(grads[0], constant({2.0, 3.0}));
  CHECK_TENSOR_EQ(grads[1], constant({1.5, 2.5}, float64));
}

TEST_CASE("gradient: broadcast inputs get gradients of their own shape") {
  const Tensor column = ones({3, 1}), row = ones({1, 4}), scalar = constant(2.0), vector = ones({4});
  GradientTape tape;
  tape.watch({column, row, scalar, vector});
  const Tensor y = column * row * scalar + vector;
  const Tensors grads = tape.gradient(y, {column, row, scalar, vector});
  CHECK_TENSOR_EQ(grads[0], full({3, 1}, 8));
  CHECK_TENSOR_EQ(grads[1], full({1, 4}, 6));
  CHECK_TENSOR_EQ(grads[2], constant(12.0));
  CHECK_TENSOR_EQ(grads[3], full({4}, 3));
}

TEST_CASE("gradient: stop_gradient has a value and no gradient, at any order") {
  const Tensor x = constant(3.0);
  GradientTape outer;
  outer.watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor y = stop_gradient(x * x) * x;
  CHECK_CLOSE(y, 27.0);
  const Tensor dy = inner.gradient(y, x);
  CHECK_CLOSE(dy, 9.0);
  CHECK_FALSE(outer.gradient(dy, x));
}

TEST_CASE("gradient: the example of TensorFlow's guide, a linear layer") {
  // x w + b, loss = mean((x w + b)^2): dw = 2/n x^T y, db = 2/n sum y
  const Tensor x = constant({{1.0, 2.0, 3.0}});
  const Variable w(constant({{0.5, -1.0}, {0.25, 2.0}, {-0.75, 1.0}}), {.name = "w"}), b(zeros({2}), {.name = "b"});
  GradientTape tape;
  const Tensor y = matmul(x, w) + b;
  const Tensor loss = reduce_mean(y * y);
  const Tensors grads = tape.gradient(loss, std::vector<Variable>{w, b});
  CHECK_CLOSE(y, {-1.25, 6.0});
  CHECK_CLOSE(grads[0], {-1.25, 6.0, -2.5, 12.0, -3.75, 18.0});
  CHECK(grads[0].shape() == Shape{3, 2});
  CHECK_CLOSE(grads[1], {-1.25, 6.0});
}

TEST_CASE("gradient: control flow of the program is followed") {
  const auto f = [](double at) {
    const Tensor x = constant(at);
    GradientTape tape;
    tape.watch(x);
    Tensor y = x;
    while (y.item() < 100) y = y * x;
    return tape.gradient(y, x).item();
  };
  CHECK_CLOSE(f(10.0), 20.0);     // x^2 at 10
  CHECK_CLOSE(f(3.0), 5 * 81.0);  // x^5 at 3
  CHECK_CLOSE(f(2.0), 7 * 64.0);  // x^7 at 2
}

TEST_CASE("gradient: of a persistent tape that records while its seeds are added up") {
  const Tensor x = constant({1.0, 2.0}, float64), u = constant({3.0, 4.0}, float64);
  GradientTape tape({.persistent = true});
  tape.watch({x, u});
  const Tensor y = x * x;
  // Reading past the end of the walk's gradients, one for each slot, must find something there.
  for (std::size_t n = 4; n < 9; ++n) Tensors(n, y);
  // The sum u + u depends on u, so the tape records it: after what this walk looks at.
  const Tensors grads =
      tape.gradient(std::vector<Tensor>{y, y}, std::vector<Tensor>{x, u}, {.output_gradients = {u, u}});
  CHECK_CLOSE(grads[0], 4 * x * u, 1e-12);
  CHECK_FALSE(grads[1].defined());
  CHECK_CLOSE(tape.gradient(grads[0], u), 4 * x, 1e-12);
}
