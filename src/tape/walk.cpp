#include "tape/walk.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/traced_context.hpp"
#include "tape/accumulate.hpp"
#include "tape/source.hpp"

namespace xtape::detail {

namespace {
constexpr const char* op_name = "GradientTape.gradient";

Tensor seed_of(std::size_t i, const Tensor& target, const GradientOptions& options) {
  if (options.output_gradients.empty() || !options.output_gradients[i].defined())
    return filled(target.shape(), target.dtype(), 1);
  const Tensor& seed = options.output_gradients[i];
  if (seed.shape() != target.shape() || (seed.dtype() != target.dtype() && !seed.impl()->weak)) {
    fail<ValueError>(op_name, "output_gradients[{}] must be like its target, {} {}: received {} {}", i, target.dtype(),
                     target.shape(), seed.dtype(), seed.shape());
  }
  return seed.impl()->weak ? convert(seed, target.dtype()) : seed;
}

bool is_source(const Tensor& target, const Source& source) { return target.is_same(source.peek()); }
}  // namespace

Walk::Walk(const TapeRecord& record, std::span<const Tensor> targets, std::span<const Source> sources,
           const GradientOptions& options)
    : record_(record),
      targets_(targets),
      sources_(sources),
      options_(options),
      num_ops_(record.num_ops()),
      gradients_(record.num_slots()),
      wanted_(record.num_slots(), 0),
      kept_(record.num_slots(), 0) {
  if (!options.output_gradients.empty() && options.output_gradients.size() != targets.size()) {
    fail<ValueError>(op_name, "expected one output gradient for each of {} targets, received {}", targets.size(),
                     options.output_gradients.size());
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].defined()) fail<TypeError>(op_name, "argument `target` must be a tensor, targets[{}] is empty", i);
  }
  seed();
  mark_sources();
  mark_wanted();
}

/// Sets the gradients of the targets. A persistent tape that records may record these sums, after the ops that the walk
/// visits.
void Walk::seed() {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Tensor seed = seed_of(i, targets_[i], options_);
    const Slot slot = record_.slot_of(targets_[i].impl());
    if (slot == no_slot) continue;
    Tensor& sum = gradients_[slot];
    sum = sum.defined() ? accumulate(std::move(sum), seed) : seed;
  }
}

void Walk::mark_sources() {
  for (const auto& source : sources_) {
    check_source(op_name, source);
    if (source.tensor != nullptr) {
      const Slot slot = record_.slot_of(source.tensor->impl());
      if (slot != no_slot) wanted_[slot] = kept_[slot] = 1;
    } else {
      record_.for_each_leaf_of(source.variable->impl(), [&](Slot slot) { wanted_[slot] = 1; });
    }
  }
}

/// Marks the outputs of each op with an input that depends on a source. One forward pass finds all, since ops are in
/// the order in which they ran.
void Walk::mark_wanted() {
  std::uint8_t* const mark = wanted_.data();
  for (const RecordedOp* op : record_.ops().first(num_ops_)) {
    if (op->table == nullptr) continue;
    std::uint8_t any = 0;
    for (const Slot input : op->inputs()) any |= has_gradient(input) ? mark[input] : std::uint8_t{0};
    if (any != 0) std::fill_n(mark + op->first_output, op->num_outputs, any);
  }
}

namespace {

std::string context_of(const RecordedOp& op) { return fmt::format("in the gradient of '{}'", op.name); }

[[gnu::noinline]] Grads run_traced_rule(const RecordedOp& op, std::span<const Tensor> dy, Needs needs) {
  const TracedContext where(context_of(op));
  return op.table->run(op.rule, dy, needs);
}

[[gnu::always_inline]] inline Grads run_rule(const RecordedOp& op, std::span<const Tensor> dy, Needs needs) {
  try {
    if (thread_state.tracer != nullptr) [[unlikely]]
      return run_traced_rule(op, dy, needs);
    return op.table->run(op.rule, dy, needs);
  } catch (Error& error) {
    error.add_context(context_of(op));
    throw;
  }
}

[[gnu::noinline]] void fail_count(const RecordedOp& op, std::size_t received) {
  fail<ValueError>(op.name, "its rule returned {} gradients, expected one for each of {} inputs", received,
                   op.num_inputs);
}

}  // namespace

/// Converts a gradient that a rule returned to the dtype and shape of the input.
[[gnu::noinline]] Tensor Walk::fit(const char* name, std::size_t input, Tensor gradient,
                                   TapeRecord::SlotInfo info) const {
  if (gradient.dtype() != info.dtype) {
    if (!gradient.impl()->weak) {
      fail<ValueError>(name, "its rule returned a gradient of dtype {} for input {} of dtype {}", gradient.dtype(),
                       input, info.dtype);
    }
    gradient = convert(gradient, info.dtype);
  }
  if (gradient.shape() != record_.shape_of(info)) {
    const Shape shape = record_.shape_of(info);  // a copy, since a persistent tape may record and move the original
    if (!broadcasts_to(shape, gradient.shape())) {
      fail<ValueError>(name, "its rule returned a gradient of shape {} for input {} of shape {}", gradient.shape(),
                       input, shape);
    }
    gradient = sum_to(gradient, shape);
  }
  return gradient;
}

// Inlined, with run_rule_of(), into the loop over the record.
[[gnu::always_inline]] inline void Walk::add_gradient(const char* name, std::size_t input, Tensor gradient, Slot slot,
                                                      Tensor& sum) const {
  const TapeRecord::SlotInfo info = record_.info(slot);
  const TensorImpl& received = *gradient.impl();
  if (received.dtype != info.dtype || received.shape != record_.shape_of(info)) [[unlikely]]
    gradient = fit(name, input, std::move(gradient), info);
  if (sum.defined()) gradient = detail::accumulate(std::move(sum), std::move(gradient));
  sum = std::move(gradient);
}

[[gnu::always_inline]] inline void Walk::run_rule_of(const RecordedOp& op, const std::uint8_t* wanted,
                                                     Tensor* gradients, bool* needs) const {
  const std::span<const Slot> inputs = op.inputs();
  const std::size_t n = inputs.size();
  bool any = false;
  for (std::size_t i = 0; i < n; ++i) {
    needs[i] = has_gradient(inputs[i]) && wanted[inputs[i]] != 0;
    any |= needs[i];
  }
  if (!any) return;
  Grads results = run_rule(op, {gradients + op.first_output, op.num_outputs}, Needs({needs, n}));
  if (results.size() != n) [[unlikely]]
    fail_count(op, results.size());
  Tensor* const result = results.data();
  for (std::size_t i = 0; i < n; ++i) {
    if (needs[i] && result[i].defined())
      add_gradient(op.name, i, std::move(result[i]), inputs[i], gradients[inputs[i]]);
  }
}

[[gnu::noinline]] void Walk::run_rule_of_many_inputs(const RecordedOp& op, const std::uint8_t* wanted,
                                                     Tensor* gradients) const {
  PoolVector<std::uint8_t> needs(op.num_inputs);
  run_rule_of(op, wanted, gradients, reinterpret_cast<bool*>(needs.data()));
}

void Walk::run(bool keep, Diagnostics* diagnostics) {
  Tensor* const gradients = gradients_.data();
  const std::uint8_t *const wanted = wanted_.data(), *const kept = kept_.data();
  // By index, since a persistent tape may record the ops of these rules and move the list.
  for (std::size_t i = num_ops_; i-- > 0;) {
    RecordedOp& op = record_.op(i);
    if (op.rule == nullptr) continue;
    Tensor *const first = gradients + op.first_output, *const end = first + op.num_outputs;
    const Tensor* reached = first;
    while (reached != end && !reached->defined()) ++reached;
    if (reached != end) {
      const double begin = diagnostics != nullptr ? Diagnostics::now() : 0;
      constexpr std::size_t few = 16;
      bool needs[few];
      if (op.num_inputs <= few) {
        run_rule_of(op, wanted, gradients, needs);
      } else {
        run_rule_of_many_inputs(op, wanted, gradients);
      }
      if (diagnostics != nullptr) diagnostics->note_backward(i, begin);
      const std::uint8_t* keeps = kept + op.first_output;
      for (Tensor* output = first; output != end; ++output) {
        if (*keeps++ == 0) *output = Tensor();
      }
    }
    if (!keep) TapeRecord::destroy_rule(op);
  }
}

Tensors Walk::results() const {
  Tensors all;
  all.reserve(sources_.size());
  for (const auto& source : sources_) all.push_back(result(source));
  return all;
}

Tensor Walk::result(const Source& source) const {
  Tensor sum;
  const auto add = [&](const Tensor& gradient) {
    sum = sum.defined() ? detail::accumulate(std::move(sum), gradient) : gradient;
  };
  bool recorded = false;
  if (source.tensor != nullptr) {
    const Slot slot = record_.slot_of(source.tensor->impl());
    recorded = slot != no_slot && slot < gradients_.size();
    if (recorded) sum = gradients_[slot];
  } else {
    record_.for_each_leaf_of(source.variable->impl(), [&](Slot slot) {
      recorded = true;
      if (slot < gradients_.size() && gradients_[slot].defined()) add(gradients_[slot]);
    });
  }
  if (!recorded) {  // d x / d x = 1 also for tensors that the tape has not recorded
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (is_source(targets_[i], source) && is_floating(targets_[i].dtype())) add(seed_of(i, targets_[i], options_));
    }
  }
  if (!sum.defined() && options_.unconnected_gradients == UnconnectedGradients::zero) {
    const Tensor& like = source.peek();
    return filled(like.shape(), like.dtype(), 0);
  }
  return sum;
}

}  // namespace xtape::detail
