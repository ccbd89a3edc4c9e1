#include <cmath>
#include <memory>

#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

TEST_CASE("nested tapes: derivatives of x^5 to fourth order") {
  const Tensor x = constant(2.0, float64);
  GradientTape t4;
  t4.watch(x);
  GradientTape t3;
  t3.watch(x);
  GradientTape t2;
  t2.watch(x);
  GradientTape t1;
  t1.watch(x);
  const Tensor y = x * x * x * x * x;
  const Tensor d1 = t1.gradient(y, x), d2 = t2.gradient(d1, x), d3 = t3.gradient(d2, x), d4 = t4.gradient(d3, x);
  CHECK_CLOSE(d1, 5 * 16.0);
  CHECK_CLOSE(d2, 20 * 8.0);
  CHECK_CLOSE(d3, 60 * 4.0);
  CHECK_CLOSE(d4, 120 * 2.0);
}

TEST_CASE("nested tapes: derivatives of tanh to third order") {
  const double at = 0.4, t = std::tanh(at), s = 1 - t * t;
  const Tensor x = constant(at, float64);
  GradientTape t3;
  t3.watch(x);
  GradientTape t2;
  t2.watch(x);
  GradientTape t1;
  t1.watch(x);
  const Tensor d1 = t1.gradient(tanh(x), x), d2 = t2.gradient(d1, x), d3 = t3.gradient(d2, x);
  CHECK_CLOSE(d1, s, 1e-12);
  CHECK_CLOSE(d2, -2 * t * s, 1e-12);
  CHECK_CLOSE(d3, s * (6 * t * t - 2), 1e-12);
}

TEST_CASE("nested tapes: the outer tape sees the inner gradient as part of a larger program") {
  // z = y (dy/dx)^2 with y = x^3: z = 9 x^7, dz/dx = 63 x^6
  const Tensor x = constant(2.0, float64);
  GradientTape outer;
  outer.watch(x);
  const Tensor y = x * x * x;
  Tensor dy;
  {
    GradientTape inner;
    inner.watch(x);
    dy = inner.gradient(x * x * x, x);
  }
  CHECK_CLOSE(outer.gradient(y * dy * dy, x), 63 * 64.0);
}

TEST_CASE("nested tapes: an inner gradient outside the outer scope is a constant") {
  const Tensor x = constant(2.0);
  GradientTape outer;
  outer.watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor y = x * x * x;
  outer.stop();
  const Tensor dy = inner.gradient(y, x);
  CHECK_CLOSE(dy, 12.0);
  CHECK_FALSE(outer.gradient(dy, x));
}

TEST_CASE("nested tapes: the second derivative of a vector is the Hessian's row sums") {
  // f = x0^2 x1: H = [[2 x1, 2 x0], [2 x0, 0]]
  const Tensor x = constant({3.0, 5.0}, float64);
  GradientTape outer;
  outer.watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor e0 = constant({1.0, 0.0}, float64), e1 = constant({0.0, 1.0}, float64);
  const Tensor x0 = reduce_sum(x * e0), x1 = reduce_sum(x * e1);
  const Tensor gradient = inner.gradient(x0 * x0 * x1, x);
  CHECK_CLOSE(gradient, {30.0, 9.0});
  CHECK_CLOSE(outer.gradient(gradient, x), {10.0 + 6.0, 6.0 + 0.0});
}

TEST_CASE("nested tapes: each tape has its own leaves") {
  const Tensor x = constant(2.0), y = constant(3.0);
  GradientTape of_x({.persistent = true});
  of_x.watch(x);
  GradientTape of_y({.persistent = true});
  of_y.watch(y);
  const Tensor product = x * y, square = x * x;
  of_x.stop();
  of_y.stop();
  CHECK_CLOSE(of_x.gradient(product, x), 3.0);
  CHECK_FALSE(of_x.gradient(product, y));
  CHECK_CLOSE(of_y.gradient(product, y), 2.0);
  CHECK_FALSE(of_y.gradient(product, x));
  CHECK(of_x.num_records() == 2);
  CHECK(of_y.num_records() == 1);  // square has no input on it
  CHECK_FALSE(of_y.gradient(square, y));
}

TEST_CASE("nested tapes: variables are seen by all of them") {
  const Variable v(constant(3.0, float64));
  GradientTape outer;
  GradientTape inner;
  const Tensor y = v * v * v;
  const Tensor dy = inner.gradient(y, v);
  CHECK_CLOSE(dy, 27.0);
  CHECK_CLOSE(outer.gradient(dy, v), 18.0);
}

TEST_CASE("nested tapes: a tape destroyed while another is nested in it") {
  const Tensor x = constant(2.0);
  auto outer = std::make_unique<GradientTape>();
  outer->watch(x);
  GradientTape inner;
  inner.watch(x);
  const Tensor y = x * x;
  outer.reset();
  CHECK(inner.is_recording());
  CHECK(is_recording());
  const Tensor z = y * x;
  CHECK_CLOSE(inner.gradient(z, x), 12.0);
  CHECK_FALSE(is_recording());
}

TEST_CASE("nested tapes: three tapes stopped in any order") {
  const Tensor x = constant(2.0);
  GradientTape a({.persistent = true}), b({.persistent = true}), c({.persistent = true});
  a.watch(x), b.watch(x), c.watch(x);
  Tensor y = x * x;
  b.stop();
  y = y * x;
  a.stop();
  y = y * x;
  CHECK(c.is_recording());
  c.stop();
  CHECK_FALSE(is_recording());
  CHECK(a.num_records() == 2);
  CHECK(b.num_records() == 1);
  CHECK(c.num_records() == 3);
  CHECK_CLOSE(c.gradient(y, x), 32.0);
  CHECK_FALSE(a.gradient(y, x));
}

TEST_CASE("nested tapes: results recorded by only one of them do not shift the other's") {
  const Tensor x = constant(2.0), hidden = constant(5.0);
  GradientTape outer;
  outer.watch(hidden);
  Tensor h = hidden;
  for (int i = 0; i < 100; ++i) h = h * 1;
  GradientTape inner({.persistent = true});
  inner.watch(x);
  Tensor y = x;
  for (int i = 0; i < 10; ++i) {
    h = h * 1;
    y = y * 2;
  }
  inner.stop();
  CHECK_CLOSE(inner.gradient(y, x), 1024.0);
  CHECK_FALSE(inner.gradient(h, x));
  CHECK_CLOSE(outer.gradient(h * 3, hidden), 3.0);
}

TEST_CASE("nested tapes: a training step inside another tape (one step of SGD, differentiated)") {
  // w' = w - a dL/dw with L = (w - 3)^2 / 2, then (w')^2: w' = w - a (w - 3), d/da = -2 w' (w - 3)
  const Tensor rate = constant(0.1, float64);
  const Variable w(constant(5.0, float64));
  GradientTape outer;
  outer.watch(rate);
  Tensor stepped;
  {
    GradientTape inner;
    const Tensor loss = square(w - 3) / 2;
    stepped = w - rate * inner.gradient(loss, w);
  }
  const double after = 5 - 0.1 * 2;
  CHECK_CLOSE(stepped, after);
  CHECK_CLOSE(outer.gradient(stepped * stepped, rate), -2 * after * 2, 1e-12);
}
