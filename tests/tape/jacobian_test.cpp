#include <array>
#include <map>
#include <unordered_map>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {
const Tensor x = constant({0.5, -1.0, 2.0}, float64);
Tensor diagonal(const Tensor& d) { return cast(eye(d.size()), float64) * d; }
}  // namespace

TEST_CASE("jacobian: of elementwise functions it is diagonal, of a product the matrix") {
  GradientTape tape;
  tape.watch(x);
  const Tensor y = exp(x);
  CHECK_CLOSE(tape.jacobian(y, x), diagonal(exp(x)), 1e-12);

  const Tensor m = random::normal({2, 3}, 0, 1, float64);
  GradientTape linear;
  linear.watch(x);
  const Tensor z = reshape(matmul(m, reshape(x, {3, 1})), {2});
  CHECK_CLOSE(linear.jacobian(z, x), m, 1e-12);
}

TEST_CASE("jacobian: the shape is the target's followed by the source's, for several sources too") {
  const Variable w(random::normal({3, 4}, 0, 1, float64), {.name = "w"}), b(zeros({4}, float64), {.name = "b"});
  GradientTape tape({.persistent = true});
  const Tensor y = tanh(matmul(reshape(x, {1, 3}), w) + b);  // (1, 4)
  tape.stop();
  const Tensor by_w = tape.jacobian(y, w), by_b = tape.jacobian(y, b);
  CHECK(by_w.shape() == Shape{1, 4, 3, 4});
  CHECK(by_b.shape() == Shape{1, 4, 4});
  const Tensor slope = reshape(1 - square(y), {4});
  CHECK_CLOSE(reshape(by_b, {4, 4}), diagonal(slope), 1e-12);
  CHECK_CLOSE(by_w, reshape(reshape(x, {1, 3, 1}) * reshape(diagonal(slope), {4, 1, 4}), {1, 4, 3, 4}), 1e-12);
  const auto [one, two] = tape.jacobian(y, std::tuple(w, b));
  CHECK_SAME_BITS(one, by_w);
  CHECK_SAME_BITS(two, by_b);
  const Tensors both = tape.jacobian(y, {w, b});
  CHECK_SAME_BITS(both[1], by_b);
  CHECK(tape.jacobian(reduce_sum(y), w, {.unconnected_gradients = UnconnectedGradients::zero}).shape() == Shape{3, 4});
}

TEST_CASE("jacobian: of an unconnected source it is empty or zeros; empty targets have no rows") {
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor other = constant({1.0, 2.0}, float64);
  const Tensor y = square(x), none = slice_axis(y, 0, 0, 0);
  tape.stop();
  CHECK_FALSE(tape.jacobian(y, other).defined());
  CHECK_TENSOR_EQ(tape.jacobian(y, other, {.unconnected_gradients = UnconnectedGradients::zero}),
                  zeros({3, 2}, float64));
  CHECK(tape.jacobian(none, x).shape() == Shape{0, 3});
}

TEST_CASE("jacobian: uses up a tape that is not persistent, errors as TensorFlow's") {
  GradientTape tape;
  tape.watch(x);
  const Tensor y = square(x);
  CHECK_CLOSE(tape.jacobian(y, x), diagonal(2 * x), 1e-12);
  const char* used = "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)";
  CHECK_THROWS_TEXT(RuntimeError, used, tape.jacobian(y, x));
  CHECK_THROWS_TEXT(RuntimeError, used, tape.gradient(y, x));
  CHECK_THROWS_TEXT(RuntimeError, used, tape.batch_jacobian(y, x));
  GradientTape other;
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.jacobian] argument `target`", other.jacobian(Tensor(), x));
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.jacobian] expected a floating target, received int32",
                    other.jacobian(constant({1, 2}), x));
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.jacobian] expected a tensor or a variable as a source",
                    other.jacobian(x, Tensor()));
}

TEST_CASE("jacobian: of a gradient it is the Hessian, and an outer tape sees the jacobian") {
  GradientTape third;
  third.watch(x);
  Tensor hessian;
  {
    GradientTape outer;
    outer.watch(x);
    Tensor g;
    {
      GradientTape inner;
      inner.watch(x);
      g = inner.gradient(reduce_sum(x * x * x), x);
    }
    hessian = outer.jacobian(g, x);
  }
  CHECK_CLOSE(hessian, diagonal(6 * x), 1e-12);
  CHECK_CLOSE(third.gradient(hessian, x), {6, 6, 6}, 1e-12);
}

TEST_CASE("batch_jacobian: one matrix for each example") {
  const Tensor batch = random::normal({4, 3}, 0, 1, float64), m = random::normal({3, 2}, 0, 1, float64);
  GradientTape tape({.persistent = true});
  tape.watch(batch);
  const Tensor y = square(matmul(batch, m));
  tape.stop();
  const Tensor j = tape.batch_jacobian(y, batch);
  CHECK(j.shape() == Shape{4, 2, 3});
  const Tensor full = tape.jacobian(y, batch);  // (4, 2, 4, 3)
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK_CLOSE(slice(j, {i, 0, 0}, {1, 2, 3}), reshape(slice(full, {i, 0, i, 0}, {1, 2, 1, 3}), {1, 2, 3}), 1e-12);
  }
  CHECK_TENSOR_EQ(tape.batch_jacobian(constant({{1.0}, {1.0}, {1.0}, {1.0}}, float64), batch),
                  zeros({4, 1, 3}, float64));
  CHECK(tape.batch_jacobian(reshape(y, {4, 2, 1}), batch).shape() == Shape{4, 2, 1, 3});
  CHECK_THROWS_TEXT(ValueError,
                    "[GradientTape.batch_jacobian] Need first dimension of target shape (3,) and source shape (4, 3) "
                    "to match.",
                    tape.batch_jacobian(x, batch));
}

TEST_CASE("gradient: the result has the structure of the sources") {
  const Variable w(constant({1.0, 2.0}, float64), {.name = "w"}), b(constant(3.0, float64), {.name = "b"});
  const Tensor t = constant({4.0, 5.0}, float64);
  GradientTape tape({.persistent = true});
  tape.watch(t);
  const Tensor loss = reduce_sum(w * t) + square(b);
  tape.stop();

  const auto [dw, db, dt] = tape.gradient(loss, std::tuple(w, b, t));
  CHECK_CLOSE(dw, {4, 5}, 0);
  CHECK_CLOSE(db, {6}, 0);
  CHECK_CLOSE(dt, {1, 2}, 0);
  const std::array<Tensor, 2> array = tape.gradient(loss, std::array{w, b});
  CHECK_CLOSE(array[1], {6}, 0);
  const std::pair<Tensor, Tensor> pair = tape.gradient(loss, std::pair(b, w));
  CHECK_CLOSE(pair.first, {6}, 0);
  const std::map<std::string, Tensor> map =
      tape.gradient(loss, std::map<std::string, Variable>{{"bias", b}, {"kernel", w}});
  CHECK_CLOSE(map.at("bias"), {6}, 0);
  CHECK_CLOSE(map.at("kernel"), {4, 5}, 0);
  const std::unordered_map<int, Tensor> hashed = tape.gradient(loss, std::unordered_map<int, Variable>{{7, b}});
  CHECK_CLOSE(hashed.at(7), {6}, 0);
  const auto nested = tape.gradient(loss, std::tuple(std::vector{w, b, w}, std::map<int, Tensor>{{1, t}}));
  CHECK(std::get<0>(nested).size() == 3);
  CHECK_CLOSE(std::get<0>(nested)[2], {4, 5}, 0);
  CHECK_CLOSE(std::get<1>(nested).at(1), {1, 2}, 0);
  const std::vector<std::pair<Tensor, Tensor>> pairs = tape.gradient(loss, std::vector{std::pair(w, b)});
  CHECK_CLOSE(pairs[0].second, {6}, 0);
  const auto missing = tape.gradient(loss, std::array{constant(1.0, float64)});
  CHECK_FALSE(missing[0].defined());
}

TEST_CASE("gradient: targets in a structure count as their sum") {
  const Variable w(constant({1.0, 2.0}, float64));
  GradientTape tape({.persistent = true});
  const Tensor one = square(w), two = 3 * w;
  tape.stop();
  CHECK_CLOSE(tape.gradient(std::tuple(one, two), w), {5, 7}, 0);
  CHECK_CLOSE(tape.gradient(std::map<int, Tensor>{{1, one}, {2, two}}, std::array{w})[0], {5, 7}, 0);
  CHECK_CLOSE(tape.gradient(std::array{one, two}, w, {.output_gradients = {Tensor(), constant({1.0, 0.0}, float64)}}),
              {5, 4}, 0);
}

TEST_CASE("jacobian: an outer tape differentiates it again, for one source of several and for a batch") {
  const Tensor b = constant({1.5, -0.5, 3.0}, float64);
  GradientTape outer;
  outer.watch({x, b});
  GradientTape inner;
  inner.watch({x, b});
  const Tensor y = x * x * b;
  const Tensors j = inner.jacobian(y, {x, b});  // diag(2 x b) and diag(x^2)
  const Tensor weights = reshape(arange(9.0, 18.0, 1.0, float64), {3, 3});
  const Tensor taken = reduce_sum(j[0] * weights) + reduce_sum(square(j[1]));
  const Tensor diag = constant({9.0, 13.0, 17.0}, float64);
  CHECK_CLOSE(outer.gradient(taken, x), diag * 2 * b + 4 * x * x * x, 1e-12);

  const Tensor batch = random::normal({4, 3}, 0, 1, float64);
  GradientTape outer2;
  outer2.watch(batch);
  GradientTape inner2;
  inner2.watch(batch);
  const Tensor cubes = square(batch) * batch;
  const Tensor of_batch = inner2.batch_jacobian(cubes, batch);
  CHECK(of_batch.shape() == Shape{4, 3, 3});
  const Tensor of_each = random::normal({4, 3, 3}, 0, 1, float64);
  const Tensor second = outer2.gradient(reduce_sum(of_batch * of_each), batch);
  CHECK_CLOSE(second, 6 * batch * linalg::diag_part(of_each), 1e-12);
}
