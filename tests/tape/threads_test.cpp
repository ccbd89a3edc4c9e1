#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

void run_threads(int count, const std::function<void(int)>& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(f, i);
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("threads: tapes of several threads share variables and tensors") {
  const Variable v(constant({1.0, 2.0}));
  const Tensor shared = constant({3.0, 4.0});
  std::vector<Tensor> of_v(4), of_shared(4), third(4);
  run_threads(4, [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    for (int step = 0; step < 200; ++step) {
      GradientTape outer;
      outer.watch(shared);
      GradientTape tape;
      tape.watch(shared);
      Tensor y = v * shared * (i + 1);
      for (int n = 0; n < i; ++n) y = y + v * n;  // records of different lengths
      const Tensors grads = tape.gradient(y, {v, shared});
      of_v[k] = grads[0];
      of_shared[k] = grads[1];
      third[k] = outer.gradient(grads[0], shared);
    }
  });
  for (std::size_t i = 0; i < 4; ++i) {
    const double f = static_cast<double>(i) + 1, more = static_cast<double>(i * (i - 1)) / 2 * (i > 0);
    CHECK_CLOSE(of_v[i], {3 * f + more, 4 * f + more});
    CHECK_CLOSE(of_shared[i], {f, 2 * f});
    CHECK_CLOSE(third[i], {f, f});
  }
}

TEST_CASE("threads: a tape does not see another thread's ops") {
  const Tensor x = constant(3.0);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  Tensor elsewhere;
  bool recording_there = true;
  std::thread([&] {
    recording_there = is_recording();
    elsewhere = x * x;
  }).join();
  const Tensor y = elsewhere * x;
  tape.stop();
  CHECK_FALSE(recording_there);
  CHECK_CLOSE(tape.gradient(y, x), 9.0);
  CHECK_FALSE(tape.gradient(elsewhere, x));
}

namespace {

template <class F>
void on_another_thread(F f) {
  std::thread(std::move(f)).join();
}

/// What a new tape of this thread computes, where nothing is left of another one.
void check_thread_is_well() {
  CHECK_FALSE(is_recording());
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(tape.gradient(x * x, x), 6.0);
}

}  // namespace

TEST_CASE("threads: what a tape does on another thread than its own is an error") {
  const Tensor x = constant(3.0);
  for (const bool persistent : {false, true}) {
    GradientTape tape({.persistent = persistent});
    tape.watch(x);
    const Tensor y = x * x;
    on_another_thread([&] {
      constexpr const char* text =
          "[GradientTape] a tape belongs to the thread that made it, another thread can only destroy it";
      CHECK_THROWS_WITH_AS(tape.gradient(y, x), text, RuntimeError);
      CHECK_THROWS_WITH_AS(tape.jacobian(y, x), text, RuntimeError);
      CHECK_THROWS_WITH_AS(tape.stop(), text, RuntimeError);
      CHECK_THROWS_WITH_AS(tape.watch(y), text, RuntimeError);
      CHECK_THROWS_WITH_AS(tape.reset(), text, RuntimeError);
      CHECK_THROWS_WITH_AS(static_cast<void>(tape.scope()), text, RuntimeError);
      CHECK_THROWS_WITH_AS(static_cast<void>(tape.stop_recording()), text, RuntimeError);
      CHECK_THROWS_WITH_AS(static_cast<void>(tape.watched_variables()), text, RuntimeError);
      CHECK_THROWS_WITH_AS(static_cast<void>(tape.explain(y, x)), text, RuntimeError);
      CHECK_FALSE(is_recording());
    });
    CHECK(tape.is_recording());
    CHECK_CLOSE(tape.gradient(y, x), 6.0);
  }
  check_thread_is_well();
}

TEST_CASE("threads: a tape that is destroyed on another thread leaves its own thread as it was") {
  const Tensor x = constant(3.0);
  auto first = std::make_unique<GradientTape>();
  auto second = std::make_unique<GradientTape>(GradientTapeOptions{.persistent = true});
  auto third = std::make_unique<GradientTape>();
  second->watch(x);
  on_another_thread([&] { first.reset(); });
  on_another_thread([&] { third.reset(); });
  const Tensor y = x * x;
  CHECK_CLOSE(second->gradient(y, x), 6.0);
  on_another_thread([&, moved = std::move(*second)]() mutable { GradientTape here = std::move(moved); });
  second.reset();
  { GradientTape looks; }
  check_thread_is_well();
}

TEST_CASE("threads: a tape that another thread replaces by one of its own") {
  GradientTape tape;
  on_another_thread([&] {
    GradientTape other;
    tape = std::move(other);
    CHECK(is_recording());
    tape.stop();
    CHECK_FALSE(is_recording());
  });
  CHECK_FALSE(tape.is_recording());
  { GradientTape looks; }
  check_thread_is_well();
}

TEST_CASE("threads: a tape outlives its thread") {
  const Tensor x = constant(3.0);
  std::unique_ptr<GradientTape> recording, stopped;
  Tensor y;
  on_another_thread([&] {
    recording = std::make_unique<GradientTape>();
    recording->watch(x);
    stopped = std::make_unique<GradientTape>();
    stopped->watch(x);
    y = x * x;
    stopped->stop();
  });
  CHECK_FALSE(recording->is_recording());
  CHECK_THROWS_AS(recording->gradient(y, x), RuntimeError);
  recording->stop();
  recording.reset();
  stopped.reset();
  check_thread_is_well();
}

TEST_CASE("threads: a scope that ends on another thread ends the recording") {
  GradientTape tape({.persistent = true});
  tape.stop();
  auto scope = std::make_unique<GradientTape::Scope>(tape.scope());
  on_another_thread([&] { scope.reset(); });
  { GradientTape looks; }
  CHECK_FALSE(tape.is_recording());
  check_thread_is_well();
}

TEST_CASE("threads: tapes are destroyed elsewhere while their thread goes on") {
  std::atomic<int> right{0};
  run_threads(3, [&](int) {
    const Tensor x = constant(3.0);
    for (int i = 0; i < 100; ++i) {
      auto outer = std::make_unique<GradientTape>();
      outer->watch(x);
      std::thread elsewhere([gone = std::move(outer)]() mutable { gone.reset(); });
      GradientTape tape;
      tape.watch(x);
      right += tape.gradient(x * x, x).item() == 6.0;
      elsewhere.join();
    }
  });
  CHECK(right == 300);
}

TEST_CASE("threads: a result recorded in one thread is a constant in another's tape") {
  // The numbers of results of two threads must not be mistaken for each other.
  std::vector<Tensor> results;
  std::thread([&] {
    const Tensor x = constant(3.0);
    GradientTape tape({.persistent = true});
    tape.watch(x);
    for (int i = 0; i < 100; ++i) results.push_back(x * i);
  }).join();
  const Tensor x = constant(2.0);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  std::vector<Tensor> own;
  for (int i = 0; i < 100; ++i) own.push_back(x * results[static_cast<std::size_t>(i)]);
  tape.stop();
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK_CLOSE(tape.gradient(own[i], x), 3.0 * static_cast<double>(i));
    CHECK_FALSE(tape.gradient(own[i], results[i]));
  }
}

TEST_CASE("threads: tensors die in another thread than they were made in") {
  std::atomic<int> right{0};
  run_threads(4, [&](int) {
    for (int i = 0; i < 20; ++i) {
      Tensor gradient;
      std::thread([&] {
        const Tensor x = linspace(0, 1, 100);
        GradientTape tape;
        tape.watch(x);
        gradient = tape.gradient(x * x, x);
      }).join();
      right += std::abs(reduce_sum(gradient).item() - 100.0) < 1e-3;
    }
  });
  CHECK(right == 80);
}
