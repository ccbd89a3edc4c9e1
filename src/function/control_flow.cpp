#include "function/control_flow.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "tape/tape_impl.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/control_flow.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {

bool becomes_step() noexcept { return dynamic_cast<TraceBuilder*>(thread_state.tracer) != nullptr; }

bool only_shapes() noexcept {
  const Tracer* const tracer = thread_state.tracer;
  return tracer != nullptr && !tracer->computes && tracer->notes == nullptr && !becomes_step();
}

int recordable_order() noexcept {
  constexpr int max_order = 4;
  int order = 0;
  for (const TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    order += tape->options().persistent ? 2 : 1;  // a persistent one can record its own gradient()
  }
  return std::min(order, max_order);
}

void fail_order(const char* op) {
  fail<RuntimeError>(op,
                     "inside function() its derivatives are traced up to the order that the tapes which record it can "
                     "ask for: this is a higher one");
}

Tensors launch_program(Kernel kernel, const Tensors& inputs, const std::vector<SubProgram::Result>& results,
                       bool has_state) {
  Tensors outputs;
  for (const auto& result : results) outputs.push_back(make_tensor(result.shape, result.dtype));
  PoolVector<const Tensor*> operands;
  for (const Tensor& t : inputs) operands.push_back(&t);
  for (const Tensor& t : outputs) operands.push_back(&t);
  // Not `pure`: the steps inside may throw.
  const LaunchKind kind = has_state ? LaunchKind::state : LaunchKind::throws;
  trace_launch(kind, std::move(kernel), operands, outputs.size());
  return outputs;
}

void copy_to_row(const Tensor& t, const Tensor& to, std::int64_t row) {
  const Read from = host_read("scan", t);
  const auto bytes = from.size_in_bytes();
  if (bytes > 0)
    std::memcpy(host_write("scan", to).bytes() + row * bytes, from.bytes(), static_cast<std::size_t>(bytes));
}

const Tensor& check_condition(const char* op, const Tensor& condition) {
  if (!condition.defined()) fail<ValueError>(op, "expected a condition, received an empty tensor");
  if (condition.dtype() != boolean) fail<TypeError>(op, "expected a bool as condition, received {}", condition.dtype());
  if (condition.size() != 1) {
    fail<ValueError>(op, "expected a condition of one element, received shape {}", condition.shape());
  }
  return condition;
}

std::vector<SubProgram::Result> results_of(std::span<const Tensor> tensors) {
  std::vector<SubProgram::Result> results;
  for (const Tensor& t : tensors) results.push_back({t.dtype(), t.shape()});
  return results;
}

void check_same(const char* op, std::span<const Tensor> before, std::span<const SubProgram::Result> after) {
  if (before.size() != after.size()) {
    fail<ValueError>(op, "expected the body to return {} tensors for the next step, received {}", before.size(),
                     after.size());
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].dtype() == after[i].dtype && before[i].shape() == after[i].shape) continue;
    fail<ValueError>(op, "tensor {} of the loop: expected {} {} as before, received {} {} from the body", i,
                     before[i].dtype(), before[i].shape(), after[i].dtype, after[i].shape);
  }
}

CapturedSources::CapturedSources(const std::vector<Captured>& captured, Tensors values)
    : captured_(captured), values_(std::move(values)), places_(floating_places(values_)) {}

void CapturedSources::watch(GradientTape& tape) const {
  for (const std::size_t i : places_) {
    if (captured_[i].tensor.defined()) {
      tape.watch(captured_[i].tensor);
    } else {
      tape.watch(captured_[i].variable);
    }
  }
}

void CapturedSources::add_to(PoolVector<Source>& sources) const {
  for (const std::size_t i : places_) {
    if (captured_[i].tensor.defined()) {
      sources.emplace_back(captured_[i].tensor);
    } else {
      sources.emplace_back(captured_[i].variable);
    }
  }
}

void CapturedSources::check_unchanged(const char* op) const {
  for (std::size_t i = 0; i < captured_.size(); ++i) {
    const Variable& variable = captured_[i].variable;
    if (!variable.defined() || variable.peek().is_same(values_[i])) continue;
    fail<RuntimeError>(op,
                       "the variable '{}', which the body reads, was assigned before the gradient was asked for: ask "
                       "for the gradient first",
                       variable.name());
  }
}

Tensor or_zeros(const Tensor& gradient, const Tensor& output) {
  return gradient.defined() ? gradient : zeros_like(output);
}

Grads grads_of(std::vector<Tensor> gradients) {
  Grads grads;
  for (auto& gradient : gradients) grads.push_back(std::move(gradient));
  return grads;
}

std::vector<std::size_t> floating_places(std::span<const Tensor> tensors) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].defined() && is_floating(tensors[i].dtype())) places.push_back(i);
  }
  return places;
}

Tensors vector_jacobian_products(const SubProgram::Body& f, const TensorList& arguments,
                                 const CapturedSources& captured, std::span<const std::size_t> targets,
                                 const Tensors& output_gradients) {
  GradientTape tape({.watch_accessed_variables = false});
  PoolVector<Source> sources;
  for (const std::size_t i : floating_places(arguments)) {
    tape.watch(arguments[i]);
    sources.emplace_back(arguments[i]);
  }
  captured.watch(tape);
  captured.add_to(sources);
  const TensorList results = f(arguments);
  std::vector<Tensor> wanted;
  for (const std::size_t i : targets) wanted.push_back(results[i]);
  return tape.gradient(wanted, std::span<const Source>(sources),
                       {.output_gradients = {output_gradients.begin(), output_gradients.end()},
                        .unconnected_gradients = UnconnectedGradients::zero});
}

}  // namespace xtape::detail
