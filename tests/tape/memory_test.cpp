#include <pthread.h>

#include <functional>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record.hpp"

using namespace xtape;

namespace {

/// Runs f in a thread with a stack in which nothing can recurse over a million ops.
void with_small_stack(std::function<void()> f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  const bool sanitized = !testing::AllocationCount::available();  // sanitizers need more themselves
  const std::size_t stack = sanitized ? 2u << 20 : 256u << 10;
  REQUIRE(pthread_attr_setstacksize(&attributes, stack) == 0);
  pthread_t thread;
  const auto run = [](void* function) -> void* {
    (*static_cast<std::function<void()>*>(function))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

constexpr int chain_length = 1'000'000;

/// Calls `count` steps twice: the second time must ask the system for nothing.
void check_steady(const std::function<void()>& step) {
  for (int i = 0; i < 3; ++i) step();
  const MemoryStats before = memory_stats();
  const testing::AllocationCount count;
  for (int i = 0; i < 20; ++i) step();
  const std::int64_t allocations = count.value();
  const MemoryStats after = memory_stats();
  CHECK(after.system_bytes == before.system_bytes);
  if (testing::pooled()) CHECK(after.system_allocations == before.system_allocations);
  if (testing::AllocationCount::available()) CHECK(allocations == 0);
}

}  // namespace

TEST_CASE("memory: a chain of a million ops is differentiated and freed without recursion") {
  Tensor gradient;
  with_small_stack([&] {
    const Tensor x = constant(1.0, float64);
    GradientTape tape;
    tape.watch(x);
    Tensor y = x;
    for (int i = 0; i < chain_length / 2; ++i) y = y * (i % 2 == 0 ? 0.5 : 2.0) + x;
    gradient = tape.gradient(y, x);
  });
  double expected = 1;
  for (int i = 0; i < chain_length / 2; ++i) expected = expected * (i % 2 == 0 ? 0.5 : 2.0) + 1;
  CHECK_CLOSE(gradient, expected, 1e-12);
}

TEST_CASE("memory: a million records that nobody differentiates are freed without recursion") {
  std::size_t records = 0;
  with_small_stack([&] {
    const Tensor x = constant(1.0);
    GradientTape tape({.persistent = true});
    tape.watch(x);
    Tensor y = x;
    for (int i = 0; i < chain_length; ++i) y = tanh(y);
    records = tape.num_records();
  });
  CHECK(records == chain_length);
}

TEST_CASE("memory: a chain of views and softmaxes keeps no history") {
  std::int64_t bytes = 0;
  with_small_stack([&] {
    Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}});
    const auto step = [&x] { x = reshape(nn::softmax(reshape(x, {4})), {2, 2}); };
    for (int i = 0; i < 100; ++i) step();
    const std::int64_t before = memory_stats().system_bytes;
    for (int i = 0; i < chain_length / 4; ++i) step();
    bytes = memory_stats().system_bytes - before;
  });
  CHECK(bytes == 0);
}

TEST_CASE("memory: the logits of a softmax are not believed after the elements have changed") {
  const Tensor x = constant({1.0, 2.0});
  Variable v(nn::softmax(x));
  v.assign(constant({0.5, 0.5}));
  CHECK_FALSE(detail::logits_of(v.peek()));
}

TEST_CASE("memory: a tape that is used up holds no records and no captures") {
  const Tensor x = constant({1.0, 2.0});
  const auto references = [](const Tensor& t) { return t.impl()->references.load(); };
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x, z = exp(y);
  CHECK(tape.num_records() == 2);
  CHECK(references(x) > 1);
  CHECK(references(z) > 1);
  tape.gradient(z, x);
  CHECK(tape.num_records() == 0);
  CHECK(references(x) == 1);
  CHECK(references(y) == 1);
  CHECK(references(z) == 1);
}

TEST_CASE("memory: records are freed while they are walked") {
  const Tensor x = constant({1.0, 2.0}), captured = ones({2});
  std::uint32_t seen = 0;
  GradientTape tape;
  tape.watch(x);
  const Tensor y = record("early", {x}, x * 1, [&](const Tensor& dy) {
    seen = captured.impl()->references.load();
    return Grads{dy};
  });
  const Tensor z = record("late", {y}, y * 1, [captured](const Tensor& dy) { return Grads{dy * captured}; });
  CHECK(captured.impl()->references.load() == 2);
  tape.gradient(z, x);
  CHECK(seen == 1);
}

TEST_CASE("memory: a training step in its steady state asks the system for nothing") {
  const Variable w(full({64, 32}, 0.01)), b(zeros({32}));
  const std::vector<Variable> variables{w, b};
  const Tensor x = ones({16, 64}), labels = zeros({16}, int64);
  check_steady([&] {
    GradientTape tape;
    const Tensor y = nn::relu(matmul(x, w) + b);
    const Tensor loss =
        reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels, y)) + reduce_sum(w * w, {0, 1});
    const Tensors grads = tape.gradient(loss, variables);
    CHECK(grads.size() == 2);
  });
}

TEST_CASE("memory: nested tapes and a reused tape ask the system for nothing in their steady state") {
  const Tensor x = linspace(0.1, 1, 1000);
  GradientTape reused;
  reused.stop();
  check_steady([&] {
    GradientTape outer;
    outer.watch(x);
    GradientTape inner;
    inner.watch(x);
    const Tensor dy = inner.gradient(tanh(x) * x, x);
    outer.gradient(dy, x);
  });
  check_steady([&] {
    Tensor y;
    {
      const auto scope = reused.scope();
      reused.watch(x);
      y = exp(x) * x;
    }
    reused.gradient(y, x);
  });
}

TEST_CASE("in-place sums: a tensor used twice by one op and by several") {
  const Tensor x = constant({1.0, 2.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor twice = x + x, fan = x * 2 + x * 3 + x * 5 + twice;
  tape.stop();
  CHECK_CLOSE(tape.gradient(twice, x), {2.0, 2.0});
  CHECK_CLOSE(tape.gradient(fan, x), {12.0, 12.0});
  CHECK_CLOSE(tape.gradient(fan, x), {12.0, 12.0});
}

TEST_CASE("in-place sums: one gradient handed to two inputs, one of which adds to it") {
  const Tensor a = constant({1.0, 2.0}), b = constant({3.0, 4.0});
  for (const bool swapped : {false, true}) {
    GradientTape tape;
    tape.watch({a, b});
    const Tensor more = a * 10;
    const Tensor sum = swapped ? b + a : a + b;  // both get dy itself
    const Tensors grads = tape.gradient({more, sum}, {a, b});
    CHECK_CLOSE(grads[0], {11.0, 11.0});
    CHECK_CLOSE(grads[1], {1.0, 1.0});
  }
}

TEST_CASE("in-place sums: output_gradients that the user passed stay as they are") {
  const Tensor x = constant({1.0, 2.0}), seed = constant({10.0, 20.0});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * 1;
  const Tensors grads = tape.gradient({x, y, x}, {x, y}, {.output_gradients = {seed, seed, seed}});
  CHECK_CLOSE(grads[0], {30.0, 60.0});
  CHECK_CLOSE(grads[1], {10.0, 20.0});
  CHECK_CLOSE(seed, {10.0, 20.0});
}

TEST_CASE("in-place sums: a rule's captured tensor that is the gradient stays as it is") {
  const Tensor x = constant({1.0, 2.0});
  Variable c(constant({5.0, 7.0}));
  const auto times_c = [&c](const Tensor& t) {
    return record("times_c", {t}, stop_gradient(t) * c.peek(),
                  [value = c.peek()](const Tensor&) { return Grads{value}; });
  };
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor once = times_c(x), y = times_c(x) + times_c(x) + x;
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, x), {11.0, 15.0});
  CHECK_CLOSE(tape.gradient(y, x), {11.0, 15.0});
  CHECK_CLOSE(c, {5.0, 7.0});
  const Tensor gradient = tape.gradient(once, x);  // the variable's own elements
  CHECK_CLOSE(gradient, {5.0, 7.0});
  c.assign_add(constant({1.0, 1.0}));
  CHECK_CLOSE(gradient, {5.0, 7.0});
}

TEST_CASE("in-place sums: gradients already returned do not change later") {
  const Tensor x = constant({1.0, 2.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * x, z = y + x;
  tape.stop();
  const Tensor first = tape.gradient(z, x), middle = tape.gradient(z, y);
  const Tensor again = tape.gradient({z, y, x}, {x})[0];
  CHECK_CLOSE(first, {3.0, 5.0});
  CHECK_CLOSE(middle, {1.0, 1.0});
  CHECK_CLOSE(again, {3.0 + 2.0 + 1.0, 5.0 + 4.0 + 1.0});
}
