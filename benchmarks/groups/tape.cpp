#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <xsimd/xsimd.hpp>

#include <xtape/core/creation.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/math.hpp>
#include <xtape/ops/movement.hpp>
#include <xtape/ops/nn.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/tape/gradient_tape.hpp>

#include "groups/group.hpp"
#include "workloads/xtape_steps.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

// The cost of recording and the backward walk, on tensors so small that arithmetic costs nothing.
namespace bench {
namespace {

using xtape::GradientTape;
using xtape::Tensor;

constexpr int chain = 1000;
constexpr int short_chain = 100;

Case one_thread(const std::string& name, double items, std::vector<Goal> goals, std::vector<Contender> contenders) {
  return {name, [=](const Effort& effort) {
            return compare_on_one_thread(name, nanoseconds_per(items), goals, effort, contenders);
          }};
}

void used_often() {
  static const Tensor x = xtape::constant(1.0f), c = xtape::constant(1.0001f);
  GradientTape tape;
  tape.watch(x);
  std::vector<Tensor> uses;
  uses.reserve(chain);
  for (int i = 0; i < chain; ++i) uses.push_back(x * c);
  tape.gradient(uses, std::vector<Tensor>{x});
}

void sum_of_many() {
  static const std::vector<Tensor> many = [] {
    std::vector<Tensor> tensors;
    for (int i = 0; i <= chain; ++i) tensors.push_back(xtape::constant(1.0f));
    return tensors;
  }();
  GradientTape tape;
  tape.watch(many);
  Tensor y = many[0];
  for (int i = 1; i <= chain; ++i) y = y + many[static_cast<std::size_t>(i)];
  tape.gradient(y, many);
}

void second_derivative() {
  static const Tensor x = xtape::constant(1.0f);
  GradientTape outer;
  outer.watch(x);
  Tensor slope;
  {
    GradientTape inner;
    inner.watch(x);
    Tensor y = x;
    for (int i = 0; i < short_chain; ++i) y = y * x;
    slope = inner.gradient(y, x);
  }
  outer.gradient(slope, x);
}

void persistent() {
  static const Tensor x = xtape::constant(1.0f), c = xtape::constant(1.0001f);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  Tensor y = x;
  for (int i = 0; i < chain; ++i) y = y * c;
  tape.stop();
  tape.gradient(y, x);
  tape.gradient(y, x);
}

using Numbers = std::array<float, 16>;

/// A chain of one op on 16 elements, recorded and walked back, compared with the forward chain without a tape, and with
/// handwritten forward and backward loops. An op of the chain may consist of two.
template <class Op, class Forward, class Backward>
Case recorded(const char* name, const xtape::Shape& shape, Op op, Forward forward, Backward backward, int ops = 1) {
  const Tensor x = xtape::ones(shape);
  const auto with_tape = [=] {
    GradientTape tape;
    tape.watch(x);
    Tensor y = x;
    for (int i = 0; i < short_chain; ++i) y = op(y);
    tape.gradient(y, x);
  };
  const auto without = [=] {
    Tensor y = x;
    for (int i = 0; i < short_chain; ++i) y = op(y);
  };
  struct State {
    std::array<Numbers, short_chain + 1> y;
    std::array<Numbers, 2> dy;
  };
  const auto state = std::make_shared<State>();
  for (auto* numbers : {&state->y[0], &state->dy[0]}) numbers->fill(1);
  const auto by_hand = [=] {
    auto& [y, dy] = *state;
    for (std::size_t i = 0; i < short_chain; ++i) forward(y[i].data(), y[i + 1].data());
    for (std::size_t i = short_chain; i > 0; --i) {
      backward(y[i - 1].data(), y[i].data(), dy[i % 2].data(), dy[(i + 1) % 2].data());
    }
  };
  return one_thread(fmt::format("{} of 16", name), short_chain * ops, {{"loop", 150, false, true}},
                    {{with_tape, "xtape"}, {without, "not recorded"}, {by_hand, "loop", Role::limit}});
}

using Batch = xsimd::batch<float>;

/// Elementwise: y = f(x), dx = g(x, y, dy).
template <class Op, class F, class G>
Case elementwise(const char* name, Op op, F f, G g) {
  const auto load = [](const float* from, std::size_t i) { return Batch::load_unaligned(from + i); };
  return recorded(
      name, {16}, op,
      [=](const float* x, float* y) {
        for (std::size_t i = 0; i < 16; i += Batch::size) f(load(x, i)).store_unaligned(y + i);
      },
      [=](const float* x, const float* y, const float* dy, float* dx) {
        for (std::size_t i = 0; i < 16; i += Batch::size) {
          g(load(x, i), load(y, i), load(dy, i)).store_unaligned(dx + i);
        }
      });
}

void add_recorded(std::vector<Case>& cases) {
  const Tensor c = xtape::ones({16}), square = xtape::eye(4), row = xtape::zeros({4});
  using T = const Tensor&;
  using B = const Batch&;
  cases.push_back(elementwise(
      "add", [=](T x) { return x + c; }, [](B x) { return x + Batch(1.0f); }, [](B, B, B dy) { return dy; }));
  cases.push_back(elementwise(
      "multiply", [=](T x) { return x * c; }, [](B x) { return x * Batch(1.0f); },
      [](B, B, B dy) { return dy * Batch(1.0f); }));
  cases.push_back(elementwise(
      "multiply by a number", [=](T x) { return x * 1; }, [](B x) { return x * Batch(1.0f); },
      [](B, B, B dy) { return dy * Batch(1.0f); }));
  cases.push_back(elementwise(
      "divide", [=](T x) { return x / c; }, [](B x) { return x / Batch(1.0f); },
      [](B, B, B dy) { return dy / Batch(1.0f); }));
  cases.push_back(elementwise(
      "square", [=](T x) { return xtape::square(x); }, [](B x) { return x * x; },
      [](B x, B, B dy) { return dy * (x + x); }));
  cases.push_back(elementwise(
      "maximum", [=](T x) { return maximum(x, c); }, [](B x) { return xsimd::max(x, Batch(1.0f)); },
      [](B, B, B dy) { return dy; }));
  cases.push_back(elementwise(
      "relu", [](T x) { return xtape::nn::relu(x); }, [](B x) { return xsimd::max(x, Batch(0.0f)); },
      [](B, B y, B dy) { return xsimd::select(y > Batch(0.0f), dy, Batch(0.0f)); }));
  cases.push_back(elementwise(
      "sqrt", [](T x) { return sqrt(x); }, [](B x) { return xsimd::sqrt(x); },
      [](B, B y, B dy) { return dy * Batch(0.5f) / y; }));
  cases.push_back(elementwise(
      "tanh", [](T x) { return tanh(x); }, [](B x) { return xsimd::tanh(x); },
      [](B, B y, B dy) { return dy * (Batch(1.0f) - y) * (Batch(1.0f) + y); }));
  cases.push_back(elementwise(
      "sigmoid", [](T x) { return sigmoid(x); }, [](B x) { return Batch(1.0f) / (Batch(1.0f) + xsimd::exp(-x)); },
      [](B, B y, B dy) { return dy * y * (Batch(1.0f) - y); }));
  cases.push_back(elementwise(
      "reshape", [](T x) { return reshape(x, {16}); }, [](B x) { return x; }, [](B, B, B dy) { return dy; }));
  const auto copy = [](const float* x, float* y) { std::copy_n(x, 16, y); };
  cases.push_back(recorded(
      "add a row", {4, 4}, [=](T x) { return x + row; }, copy,
      [=](const float*, const float*, const float* dy, float* dx) { copy(dy, dx); }));
  const auto turn = [](const float* x, float* y) {
    for (int i = 0; i < 16; ++i) y[i] = x[i % 4 * 4 + i / 4];
  };
  cases.push_back(recorded(
      "transpose", {4, 4}, [](T x) { return transpose(x); }, turn,
      [=](const float*, const float*, const float* dy, float* dx) { turn(dy, dx); }));
  const auto product = [](const float* x, float* y) {
    for (int i = 0; i < 16; ++i) {
      y[i] = 0;
      for (int k = 0; k < 4; ++k) y[i] += x[i / 4 * 4 + k] * static_cast<float>(k == i % 4);
    }
  };
  cases.push_back(recorded(
      "matmul", {4, 4}, [=](T x) { return xtape::matmul(x, square); }, product,
      [=](const float*, const float*, const float* dy, float* dx) { product(dy, dx); }));
  cases.push_back(recorded(
      "reduce_mean and broadcast_to", {4, 4},
      [](T x) {
        return broadcast_to(xtape::reduce_mean(x, 1, true), {4, 4});
      },
      [](const float* x, float* y) {
        for (int i = 0; i < 16; ++i) y[i] = (x[i / 4 * 4] + x[i / 4 * 4 + 1] + x[i / 4 * 4 + 2] + x[i / 4 * 4 + 3]) / 4;
      },
      [](const float*, const float*, const float* dy, float* dx) {
        for (int i = 0; i < 16; ++i) {
          dx[i] = (dy[i / 4 * 4] + dy[i / 4 * 4 + 1] + dy[i / 4 * 4 + 2] + dy[i / 4 * 4 + 3]) / 4;
        }
      },
      2));
}

}  // namespace

Group tape_group() {
  std::vector<Contender> in_a_chain = {{chain_step(chain), "xtape"}};
#ifdef XTAPE_BENCH_LIBTORCH
  in_a_chain.push_back({libtorch::chain_step(chain), "libtorch", Role::rival});
#endif
  Group group{"tape", "ns an op, forward and backward together", {"not recorded", "loop", "libtorch"}, {}};
  auto& cases = group.cases;
  // First, before any thread has started, since references are then counted without locked instructions.
  cases.push_back(one_thread("scalar chain of 1000", chain, {{"", 40}}, {{chain_step(chain), "xtape"}}));
  const Case in_company = one_thread("the same once a thread was started", chain, {{"", 40}}, in_a_chain);
  cases.push_back({in_company.name, [in_company](const Effort& effort) {
                     std::thread([] {}).join();
                     return in_company.run(effort);
                   }});
  cases.push_back(one_thread("one scalar used 1000 times", chain, {}, {{used_often, "xtape"}}));
  cases.push_back(one_thread("1000 scalars summed", chain, {}, {{sum_of_many, "xtape"}}));
  cases.push_back(one_thread("second derivative, chain of 100", short_chain, {}, {{second_derivative, "xtape"}}));
  cases.push_back(one_thread("persistent, 2 gradients, chain of 1000", chain, {}, {{persistent, "xtape"}}));
  add_recorded(cases);
  return group;
}

}  // namespace bench
