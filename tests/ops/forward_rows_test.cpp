#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "ops/function_rows.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/products.hpp"

// Every row of every op in forward mode, against two backward passes: the rules of forward mode stand next to the
// gradient rules, and must agree with them.
using namespace xtape;
using namespace xtape::testing;

namespace {

OpInputs directions_like(const OpInputs& sources) {
  OpInputs all;
  for (const Tensor& x : sources) {
    all.push_back(fresh(x.shape(), 3 + 7 * static_cast<int>(all.size()), x.dtype()));
  }
  return all;
}

/// The inputs of a row, in float64 if its op takes them; the same random numbers in each call of f.
struct Problem {
  explicit Problem(const FunctionRow& its_row) : row(its_row) {
    inputs = row.inputs(0);
    OpInputs wide;
    for (const Tensor& x : inputs) wide.push_back(x.defined() && is_floating(x.dtype()) ? cast(x, float64) : x);
    std::swap(inputs, wide);
    try {
      const Tensor y = f();
      exact = y.dtype() == float64;
    } catch (const TypeError&) {
      std::swap(inputs, wide);
    }
    sources = floating(inputs);
    directions = directions_like(sources);
  }
  Tensor f() const {
    random::set_seed(5);
    return row.f(inputs);
  }
  Tensor loss() const { return reduce_sum(square(f())); }
  double tolerance() const { return exact ? 1e-11 : 2e-4; }

  const FunctionRow& row;
  OpInputs inputs, sources, directions;
  bool exact = false;
};

/// J t by two backward passes: g(u), the gradient of <u, y>, is linear in u; the gradient of <g(u), t> is J t.
Tensor by_gradients(const Problem& p) {
  GradientTape tape({.persistent = true});
  tape.watch(p.sources);
  const Tensor y = p.f();
  tape.stop();
  const Tensor u = zeros_like(y);
  GradientTape linear;
  linear.watch(u);
  OpInputs found, along;
  const Tensors gradients = tape.gradient(y, p.sources, {.output_gradients = {u}});
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    found.push_back(gradients[i]);
    along.push_back(p.directions[i]);
  }
  if (found.empty()) return zeros_like(y);
  const Tensor dy = linear.gradient(found, OpInputs{u}, {.output_gradients = along})[0];
  return dy.defined() ? dy : zeros_like(y);
}

constexpr auto zero = UnconnectedGradients::zero;

Tensor dot(const Tensors& a, const OpInputs& b) {
  Tensor sum = zeros({}, b[0].dtype());
  for (std::size_t i = 0; i < b.size(); ++i) sum = sum + reduce_sum(cast(a[i] * b[i], sum.dtype()));
  return sum;
}

}  // namespace

TEST_CASE("forward mode: every row of every op has the derivative of two backward passes") {
  std::size_t exact = 0;
  for (const auto& row : function_rows()) {
    CAPTURE(row.op);
    const Problem p(row);
    if (p.sources.empty()) continue;
    ForwardAccumulator accumulator(p.sources, p.directions);
    const Tensor y = p.f();
    const Tensor dy = accumulator.jvp(y, zero);
    if (!is_floating(y.dtype())) {
      CHECK_FALSE(accumulator.jvp(y).defined());
      continue;
    }
    exact += p.exact ? 1 : 0;
    CHECK(dy.dtype() == y.dtype());
    CHECK_CLOSE(dy, by_gradients(p), p.tolerance(), p.tolerance());
  }
  CHECK(exact > 200);  // most rows are compared in float64
}

TEST_CASE("forward mode: the ops that have no rule for it are these") {
  std::set<std::string> without;
  for (const auto& row : function_rows()) {
    const Problem p(row);
    if (p.sources.empty()) continue;
    ForwardAccumulator accumulator(p.sources, p.directions);
    const Tensor y = p.f();
    if (is_floating(y.dtype())) {  // and of the ops of its gradient
      GradientTape tape;
      tape.watch(p.sources);
      tape.gradient(p.loss(), p.sources);
    }
    for (const auto& name : accumulator.ops_without_rule()) without.insert(name);
  }
  std::string names;
  for (const auto& name : without) names += name + " ";
  // map's is its gradient, one kernel with several results.
  CHECK(names ==
        "ctc_loss gamma glu linalg.expm linalg.pinv map unsorted_segment_max unsorted_segment_min "
        "unsorted_segment_prod ");
}

TEST_CASE("forward mode: second derivatives of every row, by each way of nesting") {
  for (const auto& row : function_rows()) {
    CAPTURE(row.op);
    const Problem p(row);
    if (p.sources.empty() || !is_floating(p.f().dtype())) continue;
    const GradientOptions zeros_too{.unconnected_gradients = zero};
    Tensors expected;  // reverse over reverse: the Hessian is symmetric
    {
      GradientTape outer;
      outer.watch(p.sources);
      GradientTape inner;
      inner.watch(p.sources);
      const Tensors first = inner.gradient(p.loss(), p.sources, zeros_too);
      expected = outer.gradient(OpInputs(first.begin(), first.end()), p.sources,
                                {.output_gradients = p.directions, .unconnected_gradients = zero});
    }
    // Rows that leave NaN out of their sum: products of NaN and 0 bring it back, in some ways of nesting.
    if (std::any_of(expected.begin(), expected.end(),
                    [](const Tensor& t) { return reduce_any(is_nan(t)).item<bool>(); }))
      continue;
    const auto compare = [&](const Tensors& received) {
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const double size = expected[i].size() == 0 ? 1 : 1 + reduce_max(abs(expected[i])).item();
        CHECK_CLOSE(received[i], expected[i], 100 * p.tolerance(), p.tolerance() * size);
      }
    };
    {
      INFO("forward over reverse");
      ForwardAccumulator accumulator(p.sources, p.directions);
      GradientTape tape;
      tape.watch(p.sources);
      Tensors products = tape.gradient(p.loss(), p.sources, zeros_too);
      for (Tensor& each : products) each = accumulator.jvp(each, zero);
      compare(products);
    }
    {
      INFO("reverse over forward");
      GradientTape tape;
      tape.watch(p.sources);
      ForwardAccumulator accumulator(p.sources, p.directions);
      const Tensor slope = accumulator.jvp(p.loss(), zero);
      compare(tape.gradient(slope, p.sources, zeros_too));
    }
    {
      INFO("forward over forward");
      ForwardAccumulator outer(p.sources, p.directions);
      ForwardAccumulator inner(p.sources, p.directions);
      const Tensor bend = outer.jvp(inner.jvp(p.loss(), zero), zero);
      const Tensor along = dot(expected, p.directions);
      CHECK_CLOSE(bend, along, 100 * p.tolerance(), 10 * p.tolerance() * (1 + std::abs(along.item())));
    }
  }
}

TEST_CASE("forward mode: every row is replayed by function(), to the bit") {
  for (const auto& row : function_rows()) {
    CAPTURE(row.op);
    const auto both = [&row](const OpInputs& x) {
      const OpInputs sources = floating(x);
      if (sources.empty()) return Tensors{row.f(x)};
      ForwardAccumulator accumulator(sources, directions_like(sources));
      const Tensor y = row.f(x);
      return Tensors{y, accumulator.jvp(y, zero)};
    };
    auto replayed = function(both);
    for (int call = 0; call < 3; ++call) {
      const OpInputs inputs = row.inputs(call);
      random::set_seed(9);
      const Tensors expected = both(inputs);
      random::set_seed(9);
      const Tensors received = replayed(inputs);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    if (!row.looks_at_elements) CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
  }
}
