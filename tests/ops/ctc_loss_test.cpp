#include "xtape/ops/ctc_loss.hpp"

#include <algorithm>
#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using List = std::vector<double>;

const Table<Alone> ctc_loss_alone{{"nn::ctc_loss"}};

Tensor whole(const std::vector<std::int64_t>& values) { return constant(values); }
Tensor targets(const std::vector<std::int64_t>& values, const Shape& shape) { return reshape(whole(values), shape); }

const FunctionRows ctc_loss_replays{
    {"nn::ctc_loss",
     [](const OpInputs& x) {
       return nn::ctc_loss(targets({1, 2, 1, 3, 3, 0}, {2, 3}), x[0], whole({3, 2}), whole({5, 4}));
     },
     fresh_inputs({{2, 5, 4}})},
    {"nn::ctc_loss",
     [](const OpInputs& x) {
       return nn::ctc_loss(x[1], x[0], whole({3, 2}), whole({5, 4}), 3);
     },
     [](int call) {
       return OpInputs{fresh({2, 5, 4}, call), targets({call % 3, 2, 1, call % 2, 0, 0}, {2, 3})};
     }},
};

/// The sum over all sequences of symbols that become the target, as the definition has it.
double by_definition(const List& logits, std::int64_t steps, std::int64_t classes,
                     const std::vector<std::int64_t>& target, std::int64_t blank) {
  std::vector<List> chances;
  for (std::int64_t t = 0; t < steps; ++t) {
    double sum = 0;
    List row;
    for (std::int64_t k = 0; k < classes; ++k) sum += std::exp(logits[static_cast<std::size_t>(t * classes + k)]);
    for (std::int64_t k = 0; k < classes; ++k)
      row.push_back(std::exp(logits[static_cast<std::size_t>(t * classes + k)]) / sum);
    chances.push_back(row);
  }
  double total = 0;
  std::vector<std::int64_t> path(static_cast<std::size_t>(steps), 0);
  for (;;) {
    std::vector<std::int64_t> merged;
    double chance = 1;
    for (std::size_t t = 0; t < path.size(); ++t) {
      chance *= chances[t][static_cast<std::size_t>(path[t])];
      if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) merged.push_back(path[t]);
    }
    if (merged == target) total += chance;
    std::size_t at = 0;
    while (at < path.size() && ++path[at] == classes) path[at++] = 0;
    if (at == path.size()) break;
  }
  return -std::log(total);
}

Tensor gradient_of(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  return tape.gradient(f(x), x);
}

}  // namespace

TEST_CASE("ctc_loss: the numbers of Keras's tests") {
  // keras/src/ops/nn_test.py, test_ctc_loss
  const Tensor x =
      tensor({0.4, 0.8, 0.4, 0.2, 0.8, 0.3, 0.9, 0.4, 0.5, 0.4, 0.8, 0.4, 0.2, 0.3, 0.3, 0.4, 0.3, 0.2}, {2, 3, 3});
  const Tensor labels = targets({1, 2, 1, 1, 2, 2}, {2, 3});
  CHECK_CLOSE(nn::ctc_loss(labels, x, whole({3, 2}), whole({3, 2})), {3.4411672, 1.91680186}, 1e-7);
  CHECK_CLOSE(
      nn::ctc_loss(cast(labels, int32), cast(x, float32), cast(whole({3, 2}), int32), cast(whole({3, 2}), uint8)),
      {3.4411672, 1.91680186}, 1e-6);
  const Tensor y = nn::ctc_loss(labels, cast(x, bfloat16), whole({3, 2}), whole({3, 2}));
  CHECK(y.dtype() == bfloat16);
  CHECK_CLOSE(y, {3.4411672, 1.91680186}, 0.01);
}

TEST_CASE("ctc_loss: the sum over all paths, for targets with repeated symbols, of all lengths, any blank") {
  const std::int64_t classes = 3;
  const Tensor x = some({1, 6, classes}, float64, -2, 2);
  const std::vector<std::vector<std::int64_t>> all{{}, {1}, {2}, {1, 2}, {1, 1}, {2, 2, 1}, {1, 2, 1}, {2, 1, 1, 2}};
  for (const std::int64_t steps : {1, 2, 4, 6}) {
    for (const auto& symbols : all) {
      for (const std::int64_t blank : {0, 2}) {
        std::vector<std::int64_t> target = symbols;
        for (auto& symbol : target) symbol = (symbol + blank) % classes;  // never the blank
        std::vector<std::int64_t> padded = target;
        padded.resize(5, 99);  // behind the length: anything
        const auto n = static_cast<std::int64_t>(target.size());
        CAPTURE(steps);
        CAPTURE(n);
        const double expected = by_definition(to_doubles(slice_axis(x, 1, 0, steps)), steps, classes, target, blank);
        CHECK_CLOSE(nn::ctc_loss(targets(padded, {1, 5}), x, whole({n}), whole({steps}), blank), {expected}, 1e-12,
                    1e-14);
        if (!std::isfinite(expected)) {
          CHECK_CLOSE(gradient_of(
                          [&](const Tensor& t) {
                            return nn::ctc_loss(targets(padded, {1, 5}), t, whole({n}), whole({steps}), blank);
                          },
                          x),
                      zeros({1, 6, classes}, float64), 0);
        }
      }
    }
  }
}

TEST_CASE("ctc_loss: gradients agree with finite differences to second order") {
  const Tensor labels = targets({1, 2, 2, 3, 3, 1, 2, 1, 0, 0, 0, 0}, {3, 4});
  for (const std::int64_t blank : {0, 4}) {
    const GradientCheck check = check_gradients(
        [&](const Tensor& x) {
          return nn::ctc_loss(labels, x, whole({4, 3, 0}), whole({7, 5, 6}), blank);
        },
        some({3, 7, 5}));
    CHECK_MESSAGE(check, check.message);
  }
  // A target that does not fit, and no steps.
  const GradientCheck check = check_gradients(
      [&](const Tensor& x) {
        const Tensor y = nn::ctc_loss(labels, x, whole({4, 3, 0}), whole({3, 5, 0}));
        return where(y < 1e30, y, 0);
      },
      some({3, 7, 5}));
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("ctc_loss: extremes, sizes of 0 and 1") {
  for (const DType dtype : {float64, float32}) {
    const auto loss = [](const Tensor& x) { return nn::ctc_loss(targets({1}, {1, 1}), x, whole({1}), whole({2})); };
    const Tensor sure = tensor({-300, 300, 300, -300}, {1, 2, 2}, dtype);
    CHECK_CLOSE(loss(sure), {0}, 0, 1e-100);
    CHECK_CLOSE(gradient_of(loss, sure), {0, 0, 0, 0}, 0, 1e-100);
    const Tensor wrong = tensor({300, -300, 300, -300}, {1, 2, 2}, dtype);
    CHECK_CLOSE(loss(wrong), {600 - std::log(2)}, 4 * epsilon(dtype));
    CHECK_CLOSE(gradient_of(loss, wrong), {0.5, -0.5, 0.5, -0.5}, 1e-6);
    const Tensor never = tensor({0, -INFINITY, 0, -INFINITY}, {1, 2, 2}, dtype);
    CHECK_CLOSE(loss(never), {INFINITY}, 0);
    CHECK_CLOSE(gradient_of(loss, never), {0, 0, 0, 0}, 0);
  }
  CHECK(nn::ctc_loss(zeros({0, 3}, int32), zeros({0, 2, 4}), zeros({0}, int32), zeros({0}, int32)).shape() == Shape{0});
  CHECK_CLOSE(nn::ctc_loss(zeros({2, 0}, int32), zeros({2, 2, 4}), whole({0, 0}), whole({2, 0})), {2 * std::log(4), 0},
              1e-6);
  CHECK_CLOSE(nn::ctc_loss(targets({1, 1}, {2, 1}), zeros({2, 0, 4}), whole({1, 0}), whole({0, 0})), {INFINITY, 0}, 0);
}

TEST_CASE("ctc_loss: a sample's loss depends neither on the others nor on the threads") {
  const Tensor x = some({40, 30, 12}, float32, -3, 3);
  const Tensor labels = cast(abs(some({40, 9})) * 5, int64) + 1, symbols = cast(abs(some({40})) * 4, int64);
  const Tensor steps = symbols * 2 + 8;
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    return concat({nn::ctc_loss(labels, x, symbols, steps),
                   flatten(gradient_of([&](const Tensor& t) { return nn::ctc_loss(labels, t, symbols, steps); }, x))},
                  0);
  };
  const Tensor y = with_threads(1);
  CHECK_SAME_BITS(with_threads(3), y);
  const auto part = [](const Tensor& t) { return slice_axis(t, 0, 7, 2); };
  CHECK_SAME_BITS(nn::ctc_loss(part(labels), part(x), part(symbols), part(steps)), slice_axis(y, 0, 7, 2));
}

TEST_CASE("ctc_loss: errors") {
  const auto loss = [](const std::vector<std::int64_t>& symbols, const std::vector<std::int64_t>& lengths,
                       const std::vector<std::int64_t>& steps, std::int64_t blank = 0) {
    return nn::ctc_loss(targets(symbols, {2, 2}), zeros({2, 5, 3}), whole(lengths), whole(steps), blank);
  };
  CHECK_THROWS_TEXT(IndexError, "[ctc_loss] symbol 3 of target 1 is outside [0, 3)",
                    loss({1, 2, 1, 3}, {2, 2}, {5, 5}));
  CHECK_THROWS_TEXT(IndexError, "[ctc_loss] target_length 3 at position 0 is outside [0, 2]",
                    loss({1, 2, 1, 2}, {3, 2}, {5, 5}));
  CHECK_THROWS_TEXT(IndexError, "[ctc_loss] output_length -1 at position 1 is outside [0, 5]",
                    loss({1, 2, 1, 2}, {2, 2}, {5, -1}));
  CHECK_THROWS_TEXT(ValueError, "[ctc_loss] expected a mask_index in [0, 3), received 3",
                    loss({1, 2, 1, 2}, {2, 2}, {5, 5}, 3));
  CHECK_THROWS_TEXT(ValueError, "[ctc_loss] expected lengths of shape (2,), received (1,) and (2,)",
                    loss({1, 2, 1, 2}, {2}, {5, 5}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[ctc_loss] expected targets [batch, symbols] and logits [batch, steps, classes], received (2,) and (2, 5, 3)",
      nn::ctc_loss(whole({1, 2}), zeros({2, 5, 3}), whole({1, 1}), whole({5, 5})));
  CHECK_THROWS_TEXT(TypeError, "[ctc_loss] expected integer targets and lengths, received float32",
                    nn::ctc_loss(zeros({2, 2}), zeros({2, 5, 3}), whole({1, 1}), whole({5, 5})));
  CHECK_THROWS_TEXT(TypeError, "[ctc_loss] expected a floating tensor, received int32",
                    nn::ctc_loss(targets({1, 1}, {2, 1}), zeros({2, 5, 3}, int32), whole({1, 1}), whole({5, 5})));
}
