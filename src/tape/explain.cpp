#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "tape/tape_impl.hpp"

// Why a gradient is missing: a search through the record, forwards from the source.
namespace xtape::detail {

/// One step of a way through the record.
struct TapeImpl::Step {
  Slot to = no_slot;
  const Record* record = nullptr;        ///< the op taken, or none
  const Assignment* assigned = nullptr;  ///< where the step is an assignment to a variable
};

namespace {

constexpr Slot bare(Slot slot) { return slot == no_slot ? slot : slot & ~cut_off; }

std::string number(std::size_t index) { return "#" + std::to_string(index + 1); }

}  // namespace

/// "matmul #3 -> (50, 10)"
std::string TapeImpl::describe(std::size_t index) const {
  const Record& record = *records_[index];
  std::string text = fmt::format("{} {} ->", record.name, number(index));
  for (std::uint32_t i = 0; i < record.num_outputs; ++i) {
    text += fmt::format("{} {}", i == 0 ? "" : ",", shapes_[slots_[record.first_output + i].shape]);
  }
  return text;
}

PoolVector<Slot> TapeImpl::slots_of(const Source& source) const {
  PoolVector<Slot> slots;
  if (source.tensor != nullptr) {
    // By address: after gradient() the leaves are not held any more.
    const TensorImpl* impl = source.tensor->impl();
    Slot slot = any_slot_of(impl);
    if (slot == no_slot && impl->leaf.load(std::memory_order_relaxed) != 0) slot = leaves_.find(impl);
    if (slot != no_slot) slots.push_back(slot);
    return slots;
  }
  for_each_leaf_of(source.variable->impl(), [&](Slot slot) { slots.push_back(slot); });
  return slots;
}

/// The steps from one of the slots to `to`, the first step first; with cuts, also through ops without a gradient and
/// through assignments. Empty where there is no way.
PoolVector<TapeImpl::Step> TapeImpl::path_between(const PoolVector<Slot>& from, Slot to, bool through_cuts) const {
  // For each slot, the step that reached it: ops stand in the order in which they ran, so one pass finds all.
  struct Reached {
    Slot from = no_slot;
    const Record* record = nullptr;
    const Assignment* assigned = nullptr;
    bool yes = false;
  };
  PoolVector<Reached> reached(slots_.size());
  for (const Slot slot : from) reached[bare(slot)].yes = true;
  const auto assign = [&](Slot changed) {
    for (const auto& assignment : assignments_) {
      if (bare(assignment.value) != changed) continue;
      for_each_leaf_of(assignment.variable, [&](Slot leaf) {
        if (!reached[leaf].yes) reached[leaf] = {changed, nullptr, &assignment, true};
      });
    }
  };
  if (through_cuts) {
    for (const Slot slot : from) assign(bare(slot));
  }
  for (const Record* record : records_) {
    if (!through_cuts && record->table == nullptr) continue;
    for (const Slot input : record->inputs()) {
      if (input == no_slot || (!through_cuts && !has_gradient(input)) || !reached[bare(input)].yes) continue;
      for (std::uint32_t k = 0; k < record->num_outputs; ++k) {
        const Slot output = record->first_output + k;
        if (reached[output].yes) continue;
        reached[output] = {bare(input), record, nullptr, true};
        if (through_cuts) assign(output);
      }
      break;
    }
  }
  PoolVector<Step> steps;
  for (Slot at = bare(to); reached[at].yes && (reached[at].record != nullptr || reached[at].assigned != nullptr);
       at = reached[at].from) {
    steps.push_back({at, reached[at].record, reached[at].assigned});
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::string TapeImpl::why_unknown(const Source& source) const {
  if (source.variable != nullptr) {
    const Variable& v = *source.variable;
    if (!v.trainable()) {
      return fmt::format("variable '{}' is not trainable and so not watched by itself: call tape.watch(variable)",
                         v.name());
    }
    if (!options_.watch_accessed_variables) {
      return fmt::format("the tape was made with .watch_accessed_variables = false and variable '{}' was not watched",
                         v.name());
    }
    return fmt::format("variable '{}' was not read while the tape recorded", v.name());
  }
  const TensorImpl* impl = source.tensor->impl();
  if (impl->id != 0 && impl->id < first_id_) {
    return "the source was computed before this tape recorded, and was not watched: call tape.watch(source)";
  }
  return "the source was not watched: call tape.watch(source) before the ops that use it";
}

std::string TapeImpl::why_unrecorded(const Tensor& target) const {
  const TensorImpl* impl = target.impl();
  if (impl->id != 0 && impl->id < first_id_) return "the target was computed before this tape recorded";
  return "the target is not a result that the tape recorded: it was computed before or after the tape recorded, before "
         "its inputs were watched, during stop_recording(), or from nothing that is watched";
}

Explanation TapeImpl::explain(const Tensor& target, const Source& source) const {
  constexpr const char* op = "GradientTape.explain";
  if (!target.defined()) fail<TypeError>(op, "argument `target` must be a tensor, it is empty");
  if (source.tensor != nullptr && !source.tensor->defined()) fail<TypeError>(op, "the source is an empty tensor");
  const Tensor& from = source.tensor != nullptr ? *source.tensor : source.variable->peek();
  const std::string name =
      source.variable != nullptr ? fmt::format("variable '{}'", source.variable->name()) : "the source";

  if (!is_floating(from.dtype())) {
    return {false, fmt::format("{} is {}: only floating tensors have gradients", name, from.dtype()), {}};
  }
  if (target.is_same(from) && is_floating(target.dtype())) return {true, "the target is the source itself", {}};
  const PoolVector<Slot> sources = slots_of(source);
  const PoolVector<Slot> ends = slots_of(Source(target));
  if (sources.empty()) return {false, why_unknown(source), {}};
  if (ends.empty()) return {false, why_unrecorded(target), {}};

  const auto index_of = [&](const Record* record) {
    return static_cast<std::size_t>(std::find(records_.begin(), records_.end(), record) - records_.begin());
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
    for (const auto& variable : variables_) {
      if (variable.impl() == assignment.variable) return fmt::format("variable '{}'", variable.name());
    }
    return "a variable";
  };
  for (const Step& step : steps) {
    result.path.push_back(step.record != nullptr ? describe(index_of(step.record))
                                                 : "assignment to " + variable_name(*step.assigned));
  }
  if (steps.empty()) {
    const auto uses = [&](const Record* record) {
      const std::span<const Slot> inputs = record->inputs();
      return std::any_of(inputs.begin(), inputs.end(),
                         [&](Slot slot) { return std::find(sources.begin(), sources.end(), slot) != sources.end(); });
    };
    const auto first_use = std::find_if(records_.begin(), records_.end(), uses);
    if (first_use == records_.end()) {
      result.text = fmt::format("not connected: no op that the tape recorded uses {}", name);
    } else {
      result.text = fmt::format("not connected: the target does not depend on {}, whose first use is {}", name,
                                describe(static_cast<std::size_t>(first_use - records_.begin())));
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
    const std::size_t index = index_of(step.record);
    const DType dtype = slots_[step.to].dtype;
    if (step.record->table != nullptr && is_floating(dtype)) continue;
    const std::string_view record_name = step.record->name;
    if (record_name == "stop_gradient") {
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
