#include <algorithm>
#include <utility>

#include "tape/tape_impl.hpp"
#include "xtape/tape/record_forward.hpp"

// The functions that ops call to be recorded by the tapes of the calling thread.
namespace xtape::detail {

namespace {

bool contains(const Inputs& inputs, const TensorImpl* tensor) noexcept {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == tensor) return true;
  }
  return false;
}

/// Gives results the next ids of the thread.
void number_outputs(const Inputs& inputs, std::span<Tensor> outputs) {
  for (auto& output : outputs) {
    // An op may return an input itself; the result then needs its own identity.
    if (output.impl()->id != 0 || output.impl()->leaf.load(std::memory_order_relaxed) != 0 ||
        contains(inputs, output.impl())) {
      output = make_alias(output);
    }
    output.impl()->id = upcoming_result_id();
    output.impl()->weak = false;
    ++thread_state.next_result_id;
  }
}

}  // namespace

bool any_tracked(const Inputs& inputs) noexcept {
  for (const TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->observer != nullptr) return true;  // so that the op calls record(), which calls the observer
    if (tape->forward != nullptr && tape->forward->any_moves(inputs)) return true;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != nullptr && tape->record.any_slot_of(inputs[i]) != no_slot) return true;
    }
  }
  return false;
}

std::uint64_t tracked_bits(const Inputs& inputs) noexcept {
  constexpr std::uint64_t known = std::uint64_t{1} << 63;
  const std::size_t n = inputs.size();
  if (n > 63) return any_tracked(inputs) ? ~std::uint64_t{0} : 0;
  std::uint64_t bits = 0;
  for (const TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->observer != nullptr) bits |= known;
    for (std::size_t i = 0; i < n; ++i) {
      if (inputs[i] == nullptr) continue;
      const Slot slot = tape->record.any_slot_of(inputs[i]);
      if (has_gradient(slot)) bits |= std::uint64_t{1} << i;
      if (slot != no_slot) bits |= known;
      if (tape->forward != nullptr && tape->forward->moves(inputs[i])) bits |= known | std::uint64_t{1} << i;
    }
  }
  return bits;
}

namespace {

bool in_forward_mode() noexcept {
  for (const TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->forward != nullptr) return true;
  }
  return false;
}

/// Lets the accumulators among these tapes differentiate an op, the outermost first: the tangents of an inner one are
/// computed from the op's outputs, whose tangents the outer ones need for that.
void differentiate(TapeImpl* tape, const ForwardCall& call) {
  if (tape == nullptr) return;
  differentiate(tape->outer(), call);
  if (tape->forward == nullptr) return;
  const ThreadStateScope<&ThreadState::innermost_tape> further_out(tape->outer());
  const ThreadStateScope<&ThreadState::variable_hooks> hooks(thread_state.variable_hooks);
  tape->forward->differentiate(call);
}

}  // namespace

void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table) {
  record_outputs(name, inputs, outputs, rule, table, nullptr);
}

void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table, const ForwardRule* forward) {
  bool numbered = false;
  const bool forward_mode = in_forward_mode();
  for (TapeImpl* tape = thread_state.innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->forward != nullptr) {
      if (table != nullptr && !numbered && tape->forward->any_moves(inputs)) {
        number_outputs(inputs, outputs);
        numbered = true;
      }
      continue;
    }
    RecordedOp* const op = tape->record.begin(name, inputs, table);
    if (op == nullptr) {
      if (tape->observer != nullptr) {
        if (!std::exchange(numbered, true)) number_outputs(inputs, outputs);
        tape->observer->check(name, inputs, outputs);
      }
      continue;
    }
    if (!std::exchange(numbered, true)) number_outputs(inputs, outputs);
    if (op->table != nullptr) {
      if (tape->outer() == nullptr && !forward_mode) {
        table->move(op->rule, rule);
      } else {
        table->copy(op->rule, rule);
      }
    }
    try {
      tape->record.finish(op, outputs);
    } catch (...) {  // no memory: the record does not know the op, whose rule holds tensors
      TapeRecord::destroy_rule(*op);
      throw;
    }
    if (tape->options().profile) tape->diagnostics.note_forward(outputs);
  }
  if (forward_mode && table != nullptr) {
    differentiate(thread_state.innermost_tape, {name, inputs, outputs, rule, *table, forward});
  }
}

RulePlace record_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table) {
  TapeImpl& tape = *thread_state.innermost_tape;
  if (!tape.plain()) [[unlikely]]
    return {nullptr, ~std::uint64_t{0}};
  return tape.record.append_plain(name, inputs, output, table);
}

void give_up_rule(const void* place) noexcept { thread_state.innermost_tape->record.give_up_rule(place); }

}  // namespace xtape::detail
