#include "xtape/transforms/recompute_grad.hpp"

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {
const Tensor x = constant({0.5, -1.0, 2.0}, float64);
}

TEST_CASE("recompute_grad: value and gradients are those of the function") {
  int runs = 0;
  const Variable w(constant({2.0, 3.0, 4.0}, float64), {.name = "w"});
  const auto f = [&](const Tensor& a, const Tensor& b) {
    ++runs;
    return exp(a) * w * b;
  };
  GradientTape tape;
  tape.watch(x);
  const Tensor y = recompute_grad(f)(x, x * 2);
  CHECK(runs == 1);
  const auto [dx, dw] = tape.gradient(y, std::tuple(x, w));
  CHECK(runs == 2);
  CHECK_CLOSE(y, exp(x) * w * x * 2, 1e-12);
  CHECK_CLOSE(dx, exp(x) * w * 2 * (x + 1), 1e-12);
  CHECK_CLOSE(dw, exp(x) * x * 2, 1e-12);
  (void)recompute_grad(f)(x, x);  // without a tape
  CHECK(runs == 3);
}

TEST_CASE("recompute_grad: one tensor as two arguments, and second order") {
  const auto f = recompute_grad([](const Tensor& a, const Tensor& b) { return a * square(b); });
  GradientTape outer;
  outer.watch(x);
  Tensor g;
  {
    GradientTape inner;
    inner.watch(x);
    g = inner.gradient(f(x, x), x);
  }
  CHECK_CLOSE(g, 3 * square(x), 1e-12);
  CHECK_CLOSE(outer.gradient(g, x), 6 * x, 1e-12);
}

TEST_CASE("recompute_grad: the same random numbers in both runs, the generators go on as without it") {
  random::set_seed(3);
  random::Generator own(5);
  const auto f = recompute_grad(
      [&](const Tensor& a) { return a * random::normal({3}, 0, 1, float64) * own.uniform({3}, 0, 1, float64); });
  GradientTape tape;
  tape.watch(x);
  const Tensor y = f(x), after = random::normal({3});
  CHECK_CLOSE(tape.gradient(y, x), y / x, 1e-12);
  const Tensor later = random::normal({3});
  random::set_seed(3);
  (void)random::normal({3}, 0, 1, float64);
  CHECK_SAME_BITS(random::normal({3}), after);
  CHECK_SAME_BITS(random::normal({3}), later);
}

TEST_CASE("recompute_grad: in the layers' phase of the first run, as part of a model") {
  struct Block : Model {
    layers::Dense dense = track(layers::Dense(8, {.activation = nn::relu}));
    layers::Dropout dropout = track(layers::Dropout(0.5, {.seed = 1}));
    layers::Dense out = track(layers::Dense(1));
    bool recompute;
    explicit Block(bool r) : recompute(r) {}
    Tensor call(const Tensor& t) override {
      const auto body = [this](const Tensor& a) -> Tensor { return dropout(dense(a)); };
      return out(recompute ? recompute_grad(body)(t) : body(t));
    }
  };
  const auto gradients = [](bool recompute) {
    random::set_seed(1);
    Block model(recompute);
    const Tensor in = random::normal({16, 4});
    (void)model(in);
    GradientTape tape;
    const Tensor loss = reduce_mean(square(model(in, {.training = true})));
    return tape.gradient(loss, model.trainable_variables());
  };
  const Tensors plain = gradients(false), again = gradients(true);
  REQUIRE(plain.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(again[i].defined());
    CHECK_CLOSE(again[i], plain[i], 1e-6, 1e-7);
  }
}

TEST_CASE("recompute_grad: the memory of inner results is not kept") {
  const auto chain = [](const Tensor& a) {
    Tensor t = a;
    for (int i = 0; i < 50; ++i) t = tanh(t);
    return t;
  };
  const auto bytes = [&](bool recompute) {
    release_cached_memory();
    const Tensor in = random::normal({1000, 100});  // 0.4 MB each
    const std::int64_t before = memory_stats().system_bytes;
    GradientTape tape;
    tape.watch(in);
    Tensor y = in;
    for (int block = 0; block < 4; ++block) y = recompute ? recompute_grad(chain)(y) : chain(y);
    const Tensor dx = tape.gradient(y, in);
    return memory_stats().system_bytes - before;
  };
  const std::int64_t plain = bytes(false), again = bytes(true);
  MESSAGE("bytes without ", plain, ", with recompute_grad ", again);
  // A sanitizer takes the allocator's place, and nothing is counted.
  if (testing::AllocationCount::available()) CHECK(again * 2 < plain);
}

TEST_CASE("recompute_grad: a stateful RNN takes given states and keeps its last ones once, others are an error") {
  random::set_seed(2);
  layers::SimpleRNN rnn(2, {.stateful = true});
  const Tensor in = random::normal({1, 3, 2}), start = random::normal({1, 2});
  (void)rnn(in);
  const auto given = [&](const Tensor& t, const Tensor& h) -> Tensor { return rnn({t, h}); };
  GradientTape tape({.persistent = true});
  tape.watch({in, start});
  const Tensor plain = given(in, start), again = recompute_grad(given)(in, start);
  (void)rnn(in);
  const Tensor kept = rnn.states()[0];
  for (const auto& leaf : {in, start}) CHECK_CLOSE(tape.gradient(again, leaf), tape.gradient(plain, leaf), 1e-6);
  CHECK(rnn.states()[0].is_same(kept));

  const Tensor y = recompute_grad([&](const Tensor& t) { return rnn(t); })(in);
  CHECK_THROWS_TEXT(RuntimeError,
                    "[SimpleRNN] expected initial states to be given to a stateful layer in recompute_grad",
                    tape.gradient(y, in));
}

TEST_CASE("recompute_grad: errors") {
  GradientTape tape;
  tape.watch(x);
  CHECK_THROWS_TEXT(ValueError, "[recompute_grad] the function returned an empty tensor",
                    recompute_grad([](const Tensor&) { return Tensor(); })(x));
}

TEST_CASE("grad_pass_through: the function forward, the identity backward") {
  const Variable w(constant(2.0, float64), {.name = "w"});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = grad_pass_through([&](const Tensor& t) { return sign(t) * w; })(x * 3);
  tape.stop();
  CHECK_CLOSE(y, {2, -2, 2}, 0);
  CHECK_CLOSE(tape.gradient(y, x), {3, 3, 3}, 0);
  CHECK_FALSE(tape.gradient(y, w));
  CHECK_THROWS_TEXT(ValueError, "[grad_pass_through] the function turned shape (3,) into ()",
                    grad_pass_through([](const Tensor& t) { return reduce_sum(t); })(x));
  CHECK_THROWS_TEXT(TypeError, "[grad_pass_through] the function turned float64 into int32",
                    grad_pass_through([](const Tensor& t) { return cast(t, int32); })(x));
}
