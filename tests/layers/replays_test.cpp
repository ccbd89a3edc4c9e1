#include "layers/replays.hpp"

#include <vector>

#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::testing {
namespace {

constexpr int calls = 4;

/// Inputs of one call: those of the row with their elements moved on, so that each call gets others.
TensorList inputs_of(const LayerRow& row, int call) {
  TensorList inputs;
  for (const Tensor& t : layer_inputs(row, float32)) {
    const std::int64_t n = t.size(), by = n == 0 ? 0 : 3 * call % n;
    const Tensor flat = reshape(t, {n});
    inputs.push_back(reshape(concat({slice(flat, {by}, {n - by}), slice(flat, {0}, {by})}, 0), t.shape()));
  }
  return inputs;
}

Tensor sum_of_floating(const std::vector<Tensor>& tensors) {
  Tensor sum = zeros({});
  for (const Tensor& t : tensors) {
    if (t.defined() && is_floating(t.dtype())) sum = sum + reduce_sum(square(cast(t, float32)));
  }
  return sum;
}

/// Outputs, gradients of the sum of their squares, and second derivatives.
std::vector<Tensor> all_of(const LayerRow& row, Layer& layer, const std::vector<Tensor>& given, bool training) {
  std::vector<Tensor> all, floating;
  TensorList inputs;
  for (const Tensor& t : given) inputs.push_back(t);
  for (const Tensor& t : given) {
    if (is_floating(t.dtype())) floating.push_back(t);
  }
  GradientTape outer({.persistent = false});
  for (const Tensor& t : floating) outer.watch(t);
  std::vector<Tensor> first;
  {
    GradientTape tape;
    for (const Tensor& t : floating) tape.watch(t);
    const TensorList outputs = layer(inputs, {.training = training});
    const std::vector<Tensor> list(outputs.begin(), outputs.end());
    all = list;
    if (!row.gradients) return all;
    const Tensor loss = sum_of_floating(list);
    std::vector<Tensor> of = floating;
    const auto weights = layer.trainable_variables();
    for (const Variable& w : weights) of.push_back(w.value());
    const Tensors gradients = tape.gradient(loss, of);
    first.assign(gradients.begin(), gradients.end());
  }
  for (const Tensor& g : first) all.push_back(g.defined() ? g : zeros({1}));
  if (!floating.empty()) {
    const Tensors second = outer.gradient(sum_of_floating(first), floating);
    for (const Tensor& g : second) all.push_back(g.defined() ? g : zeros({1}));
  }
  return all;
}

void check_same(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK_SAME_BITS(actual[i], expected[i]);
  }
}

std::vector<Tensor> values_of(const Layer& layer) {
  std::vector<Tensor> values;
  for (const Variable& variable : layer.variables()) values.push_back(variable.peek() * 1);
  return values;
}

}  // namespace

void check_replays(const LayerRow& row) {
  for (const bool training : {false, true}) {
    CAPTURE(training);
    random::set_seed(3);
    AnyLayer eager = row.make(float32), traced = row.make(float32);
    (void)(*eager)(inputs_of(row, 0), {.training = false});
    (void)(*traced)(inputs_of(row, 0), {.training = false});
    traced->set_weights(eager->get_weights());

    random::set_seed(4);
    std::vector<std::vector<Tensor>> expected;
    for (int call = 0; call < calls; ++call) {
      const TensorList inputs = inputs_of(row, call);
      expected.push_back(all_of(row, *eager, {inputs.begin(), inputs.end()}, training));
    }
    random::set_seed(4);
    auto replayed = function([&](const std::vector<Tensor>& given) { return all_of(row, *traced, given, training); });
    for (int call = 0; call < calls; ++call) {
      CAPTURE(call);
      const TensorList inputs = inputs_of(row, call);
      check_same(replayed(std::vector<Tensor>(inputs.begin(), inputs.end())), expected[static_cast<std::size_t>(call)]);
    }
    CHECK(replayed.obstacle() == "");
    CHECK(replayed.trace_count() == 1);
    check_same(values_of(*traced), values_of(*eager));
  }
}

}  // namespace xtape::testing
