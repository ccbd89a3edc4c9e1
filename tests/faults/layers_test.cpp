#include "faults/faults.hpp"
#include "layers/all_rows.hpp"
#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::testing {
namespace {

/// A layer that is made anew each time: its outputs, its losses and all gradients.
std::vector<Tensor> run(const LayerRow& row, const TensorList& inputs) {
  random::set_seed(1);
  const AnyLayer layer = row.make(float32);
  GradientTape outer({.persistent = true}), tape;  // of two tapes, one gets copies of the rules
  std::vector<Tensor> sources, results;
  for (const Tensor& input : inputs) {
    if (!is_floating(input.dtype())) continue;
    outer.watch(input);
    tape.watch(input);
    sources.push_back(input);
  }
  const TensorList outputs = (*layer)(inputs, {.training = true});
  results.assign(outputs.begin(), outputs.end());
  Tensor loss = zeros({});
  for (const Tensor& added : layer->losses()) loss = loss + added;
  for (const Tensor& output : outputs) {
    if (is_floating(output.dtype())) loss = loss + reduce_sum(square(output));
  }
  results.push_back(loss);
  if (!row.gradients) return results;
  for (const Variable& weight : layer->trainable_variables()) sources.push_back(weight.value());
  for (const Tensor& gradient : tape.gradient(loss, sources)) results.push_back(gradient);
  return results;
}

/// A function of the layer that is traced and replayed twice: outputs and the weights' gradients.
std::vector<Tensor> replays(const LayerRow& row, const TensorList& inputs) {
  random::set_seed(1);
  const AnyLayer layer = row.make(float32);
  (void)(*layer)(inputs);
  auto f = function([&](const std::vector<Tensor>& given) {
    GradientTape tape;
    const TensorList outputs = (*layer)(TensorList(Tensors(given.begin(), given.end())), {.training = true});
    std::vector<Tensor> results(outputs.begin(), outputs.end());
    if (!row.gradients) return results;
    Tensor loss = zeros({});
    for (const Tensor& output : outputs) {
      if (is_floating(output.dtype())) loss = loss + reduce_sum(square(output));
    }
    for (const Tensor& gradient : tape.gradient(loss, layer->trainable_variables())) results.push_back(gradient);
    return results;
  });
  std::vector<Tensor> all;
  for (int call = 0; call < 3; ++call) {
    for (const Tensor& result : f(std::vector<Tensor>(inputs.begin(), inputs.end()))) all.push_back(result);
  }
  return all;
}

/// A functional model of the layer alone.
std::vector<Tensor> functional(const LayerRow& row, const TensorList& inputs) {
  random::set_seed(1);
  const AnyLayer layer = row.make(float32);
  SymbolicList symbolic;
  for (const LayerInput& input : row.inputs) {
    const Shape sample(std::vector<std::int64_t>(input.shape.begin() + 1, input.shape.end()));
    symbolic.push_back(Input(sample, {.dtype = input.dtype.value_or(float32)}));
  }
  Model model(symbolic, layer->outputs(symbolic));
  const TensorList outputs = model(inputs);
  return {outputs.begin(), outputs.end()};
}

TEST_CASE("faults: any allocation of any layer, from its making to its gradient, in replays and in models, may fail") {
  REQUIRE(all_layer_rows().size() > 90);
  int number = 0;
  for (const LayerRow& row : all_layer_rows()) {
    ++number;
    INFO("row ", number, ", of the layer ", row.layer);
    const TensorList inputs = layer_inputs(row, float32);
    check_each_allocation_may_fail({row.layer, [&] { return run(row, inputs); }});
    check_each_allocation_may_fail({row.layer + " replayed", [&] { return replays(row, inputs); }});
    check_each_allocation_may_fail({row.layer + " in a model", [&] { return functional(row, inputs); }});
  }
}

}  // namespace
}  // namespace xtape::testing
