#include "tape/untrained_variables.hpp"

#include <algorithm>
#include <iterator>

namespace xtape::detail {
namespace {

bool contains(const PoolVector<Variable>& list, const Variable& variable) {
  return std::any_of(list.begin(), list.end(), [&](const Variable& other) { return other.is_same(variable); });
}

/// The slots from which a gradient comes to each of the targets: a pass backwards.
PoolVector<std::uint8_t> reached_from(const TapeRecord& record, std::span<const Tensor> targets) {
  PoolVector<std::uint8_t> reached(record.num_slots(), 0);
  for (const Tensor& target : targets) {
    const Slot slot = target.defined() ? record.slot_of(target.impl()) : no_slot;
    if (slot != no_slot) reached[slot] = 1;
  }
  for (std::size_t i = record.num_ops(); i-- > 0;) {
    const RecordedOp& op = record.op(i);
    if (op.table == nullptr) continue;
    const auto first = reached.begin() + op.first_output;
    if (std::find(first, first + op.num_outputs, 1) == first + op.num_outputs) continue;
    for (const Slot input : op.inputs()) {
      if (has_gradient(input)) reached[input] = 1;
    }
  }
  return reached;
}

}  // namespace

void UntrainedVariables::note_gradient(const TapeRecord& record, std::span<const Tensor> targets,
                                       std::span<const Source> sources) {
  PoolVector<Slot> asked;
  bool for_variables = false;
  for (const Source& source : sources) {
    if (source.variable != nullptr) {
      for_variables = true;
      leave_out({source.variable, 1});
    } else if (source.tensor->defined()) {
      asked.push_back(record.slot_of(source.tensor->impl()));
    }
  }
  if (!for_variables) return;
  any_gradient_ = true;
  const PoolVector<std::uint8_t> reached = reached_from(record, targets);
  for (const Variable& variable : record.variables()) {
    if (!variable.trainable() || contains(used_, variable)) continue;
    bool used = false;
    record.for_each_leaf_of(variable.impl(), [&](Slot leaf) {
      used |= reached[leaf] != 0 && std::find(asked.begin(), asked.end(), leaf) == asked.end();
    });
    if (used) used_.push_back(variable);
  }
}

void UntrainedVariables::leave_out(std::span<const Variable> variables) {
  std::copy_if(variables.begin(), variables.end(), std::back_inserter(left_out_),
               [&](const Variable& variable) { return !contains(left_out_, variable); });
}

PoolVector<Variable> UntrainedVariables::list() const {
  PoolVector<Variable> all;
  std::copy_if(used_.begin(), used_.end(), std::back_inserter(all),
               [&](const Variable& variable) { return !contains(left_out_, variable); });
  // Which argument of an op is read first is the compiler's choice.
  std::sort(all.begin(), all.end(),
            [](const Variable& a, const Variable& b) { return a.impl()->number < b.impl()->number; });
  return all;
}

}  // namespace xtape::detail
