#include <algorithm>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "tape/diagnostics.hpp"

// Why a gradient is missing: a search through the record, forwards from the source.
namespace xtape::detail {

/// One step of a path through the record.
struct Diagnostics::Step {
  Slot to = no_slot;
  const RecordedOp* op = nullptr;        ///< the op of this step, or null
  const Assignment* assigned = nullptr;  ///< if the step is an assignment to a variable
};

namespace {

std::string number(std::size_t index) { return fmt::format("#{}", index + 1); }

}  // namespace

/// "matmul #3 -> (50, 10)"
std::string Diagnostics::describe(std::size_t index) const {
  const RecordedOp& op = record_.op(index);
  std::string text = fmt::format("{} {} ->", op.name, number(index));
  for (std::uint32_t i = 0; i < op.num_outputs; ++i) {
    text += fmt::format("{} {}", i == 0 ? "" : ",", record_.shape_of(op.first_output + i));
  }
  return text;
}

PoolVector<Slot> Diagnostics::slots_of(const Source& source) const {
  PoolVector<Slot> slots;
  if (source.tensor != nullptr) {
    const TensorImpl* impl = source.tensor->impl();
    Slot slot = record_.any_slot_of(impl);
    if (slot == no_slot && impl->leaf.load(std::memory_order_relaxed) != 0) slot = record_.slot_of_address(impl);
    if (slot != no_slot) slots.push_back(slot);
    return slots;
  }
  record_.for_each_leaf_of(source.variable->impl(), [&](Slot slot) { slots.push_back(slot); });
  return slots;
}

/// The steps of a path from one of the slots to `to`, in order; empty if there is none. With `through_cuts` it also
/// goes through ops without a gradient and through assignments.
PoolVector<Diagnostics::Step> Diagnostics::path_between(const PoolVector<Slot>& from, Slot to,
                                                        bool through_cuts) const {
  // For each slot, the step that reached it. Ops are in the order in which they ran, so one pass suffices.
  struct Reached {
    Slot from = no_slot;
    const RecordedOp* op = nullptr;
    const Assignment* assigned = nullptr;
    bool yes = false;
  };
  PoolVector<Reached> reached(record_.num_slots());
  for (const Slot slot : from) reached[bare(slot)].yes = true;
  const auto assign = [&](Slot changed) {
    for (const auto& assignment : assignments_) {
      if (bare(assignment.value) != changed) continue;
      record_.for_each_leaf_of(assignment.variable, [&](Slot leaf) {
        if (!reached[leaf].yes) reached[leaf] = {changed, nullptr, &assignment, true};
      });
    }
  };
  if (through_cuts) {
    for (const Slot slot : from) assign(bare(slot));
  }
  for (const RecordedOp* op : record_.ops()) {
    if (!through_cuts && op->table == nullptr) continue;
    for (const Slot input : op->inputs()) {
      if (input == no_slot || (!through_cuts && !has_gradient(input)) || !reached[bare(input)].yes) continue;
      for (std::uint32_t k = 0; k < op->num_outputs; ++k) {
        const Slot output = op->first_output + k;
        if (reached[output].yes) continue;
        reached[output] = {bare(input), op, nullptr, true};
        if (through_cuts) assign(output);
      }
      break;
    }
  }
  PoolVector<Step> steps;
  for (Slot at = bare(to); reached[at].yes && (reached[at].op != nullptr || reached[at].assigned != nullptr);
       at = reached[at].from) {
    steps.push_back({at, reached[at].op, reached[at].assigned});
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::string Diagnostics::why_unknown(const Source& source, bool watches_variables) const {
  if (source.variable != nullptr) {
    const Variable& v = *source.variable;
    if (!v.trainable()) {
      return fmt::format("variable '{}' is not trainable and so not watched by itself: call tape.watch(variable)",
                         v.name());
    }
    if (!watches_variables) {
      return fmt::format("the tape was made with .watch_accessed_variables = false and variable '{}' was not watched",
                         v.name());
    }
    return fmt::format("variable '{}' was not read while the tape recorded", v.name());
  }
  const TensorImpl* impl = source.tensor->impl();
  if (impl->id != 0 && impl->id < record_.first_id()) {
    return "the source was computed before this tape recorded, and was not watched: call tape.watch(source)";
  }
  return "the source was not watched: call tape.watch(source) before the ops that use it";
}

std::string Diagnostics::why_unrecorded(const Tensor& target) const {
  const TensorImpl* impl = target.impl();
  if (impl->id != 0 && impl->id < record_.first_id()) return "the target was computed before this tape recorded";
  return "the target is not a result that the tape recorded: it was computed before or after the tape recorded, before "
         "its inputs were watched, during stop_recording(), or from nothing that is watched";
}

void Diagnostics::note_assignment(const Variable& variable, const TensorImpl* value) {
  const Slot slot = record_.any_slot_of(value);
  if (slot != no_slot) assignments_.push_back({variable.impl(), slot});
}

Explanation Diagnostics::explain(const Tensor& target, const Source& source, bool watches_variables) const {
  constexpr const char* name_of_call = "GradientTape.explain";
  if (!target.defined()) fail<TypeError>(name_of_call, "argument `target` must be a tensor, it is empty");
  if (source.tensor != nullptr && !source.tensor->defined())
    fail<TypeError>(name_of_call, "the source is an empty tensor");
  const Tensor& from = source.peek();
  const std::string name =
      source.variable != nullptr ? fmt::format("variable '{}'", source.variable->name()) : "the source";

  if (!is_floating(from.dtype())) {
    return {false, fmt::format("{} is {}: only floating tensors have gradients", name, from.dtype()), {}};
  }
  if (target.is_same(from) && is_floating(target.dtype())) return {true, "the target is the source itself", {}};
  const PoolVector<Slot> sources = slots_of(source);
  const PoolVector<Slot> ends = slots_of(Source(target));
  if (sources.empty()) return {false, why_unknown(source, watches_variables), {}};
  if (ends.empty()) return {false, why_unrecorded(target), {}};

  const std::span<RecordedOp* const> ops = record_.ops();
  const auto index_of = [&](const RecordedOp* op) {
    return static_cast<std::size_t>(std::find(ops.begin(), ops.end(), op) - ops.begin());
  };
  Explanation result;
  bool through_cuts = false;
  PoolVector<Step> steps;
  if (has_gradient(ends[0])) steps = path_between(sources, ends[0], false);
  if (steps.empty()) {
    through_cuts = true;
    steps = path_between(sources, ends[0], true);
  }
  const auto variable_name = [&](const Assignment& assignment) -> std::string {
    for (const auto& variable : record_.variables()) {
      if (variable.impl() == assignment.variable) return fmt::format("variable '{}'", variable.name());
    }
    return "a variable";
  };
  for (const Step& step : steps) {
    result.path.push_back(step.op != nullptr ? describe(index_of(step.op))
                                             : "assignment to " + variable_name(*step.assigned));
  }
  if (steps.empty()) {
    const auto uses = [&](const RecordedOp* op) {
      const std::span<const Slot> inputs = op->inputs();
      return std::any_of(inputs.begin(), inputs.end(),
                         [&](Slot slot) { return std::find(sources.begin(), sources.end(), slot) != sources.end(); });
    };
    const auto first_use = std::find_if(ops.begin(), ops.end(), uses);
    if (first_use == ops.end()) {
      result.text = fmt::format("not connected: no op that the tape recorded uses {}", name);
    } else {
      result.text = fmt::format("not connected: the target does not depend on {}, whose first use is {}", name,
                                describe(static_cast<std::size_t>(first_use - ops.begin())));
    }
    return result;
  }
  if (!through_cuts) {
    result.connected = true;
    result.text = fmt::format("connected: {}", name);
    for (const auto& step : result.path) result.text += ", " + step;
    return result;
  }
  for (const Step& step : steps) {
    if (step.assigned != nullptr) {
      result.text = fmt::format(
          "the value passed through an assignment to {}: no gradient flows through assignments, only through ops",
          variable_name(*step.assigned));
      return result;
    }
    const std::size_t index = index_of(step.op);
    const DType dtype = record_.info(step.to).dtype;
    if (step.op->table != nullptr && is_floating(dtype)) continue;
    if (std::string_view(step.op->name) == "stop_gradient") {
      result.text = fmt::format("the target is behind stop_gradient at op {}", number(index));
    } else if (!is_floating(dtype)) {
      result.text = fmt::format("the path passes through {}, whose result is {}: only floating tensors have gradients",
                                describe(index), dtype);
    } else {
      result.text = fmt::format("the path passes through {}, an op without a gradient", describe(index));
    }
    return result;
  }
  result.text = "the path passes through an op without a gradient";
  return result;
}

}  // namespace xtape::detail
