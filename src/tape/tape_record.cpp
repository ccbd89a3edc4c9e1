#include "tape/tape_record.hpp"

#include <algorithm>
#include <atomic>

#include "base/check.hpp"
#include "base/warn.hpp"

namespace xtape::detail {

TapeRecord::TapeRecord() : first_id_(begin_record_id()) {
  // Without reserving, small networks spend much of a step on growing these lists.
  constexpr std::size_t some = 32;
  slots_.reserve(some);
  ops_.reserve(some);
  shapes_.reserve(some);
  watched_.reserve(some);
  leaf_slots_.reserve(some);
  variables_.reserve(some);
}

void TapeRecord::watch(const Tensor& tensor, const VariableImpl* variable) {
  TensorImpl* impl = tensor.impl();
  if (impl == nullptr) fail<ValueError>("GradientTape.watch", "expected a tensor, received an empty one");
  if (!is_floating(impl->dtype)) {
    static std::atomic<int> given{0};
    warn_limited(given, 5, "GradientTape.watch", "the dtype of the watched tensor must be floating, received {}",
                 impl->dtype);
    return;
  }
  Slot slot = slot_of(impl);
  if (slot == no_slot) {
    if (impl->weak) impl->weak = false;  // writes only if necessary, since other threads may be reading it
    // A leaf takes an id but does not store it, since other threads may share the tensor.
    slot = add_slot(impl, upcoming_result_id(), Use::open);
    ++thread_state.next_result_id;
    leaves_.insert(impl, slot);
    watched_.push_back(tensor);
    leaf_slots_.push_back(slot);
    impl->leaf.store(static_cast<std::uint32_t>(watched_.size()), std::memory_order_relaxed);
  }
  if (variable == nullptr) return;
  if (leaves_.find(variable) == no_slot) {
    leaves_.insert(variable, slot);
  } else {
    further_leaves_.push_back({variable, slot});
  }
}

void TapeRecord::watch(const Variable& variable) {
  const Tensor& value = variable.peek();
  const VariableImpl* impl = variable.impl();
  const bool known = leaves_.find(impl) != no_slot;
  if (known && slot_of_leaf(value.impl()) != no_slot) return;
  watch(value, impl);
  if (!known && is_floating(value.dtype())) variables_.push_back(variable);
}

RecordedOp* TapeRecord::begin(const char* name, const Inputs& inputs, const RuleTable* table) {
  const std::size_t n = inputs.size();
  std::size_t size = sizeof(RecordedOp) + n * sizeof(Slot);
  if (table != nullptr) size += table->alignment + table->size;
  std::byte* const memory = arena_.allocate(size);
  auto* slots = reinterpret_cast<Slot*>(memory + sizeof(RecordedOp));
  Slot lowest = no_slot;
  for (std::size_t i = 0; i < n; ++i) {
    slots[i] = inputs[i] == nullptr ? no_slot : any_slot_of(inputs[i]);
    lowest = std::min(lowest, slots[i]);
  }
  if (lowest == no_slot) {
    arena_.undo(memory);
    return nullptr;
  }
  if (!has_gradient(lowest)) table = nullptr;
  void* rule = nullptr;
  if (table != nullptr) {
    const auto after = reinterpret_cast<std::uintptr_t>(slots + n);
    rule = reinterpret_cast<std::byte*>(slots + n) + (rounded_up(after, table->alignment) - after);
  }
  return new (memory) RecordedOp{name, table, rule, static_cast<std::uint32_t>(n), 0, no_slot};
}

void TapeRecord::finish(RecordedOp* op, std::span<const Tensor> outputs) {
  op->num_outputs = static_cast<std::uint32_t>(outputs.size());
  op->first_output = static_cast<Slot>(slots_.size());
  for (const auto& output : outputs) {
    const bool goes_on = op->table != nullptr && is_floating(output.dtype());  // gradients end at integers
    const Slot slot = add_slot(output.impl(), output.impl()->id, goes_on ? Use::open : Use::cut);
    if (&output == outputs.data()) op->first_output = slot;
  }
  ops_.push(op);
  cuts_ += op->table == nullptr;
}

void TapeRecord::give_up_rule(const void* place) noexcept {
  for (std::size_t i = ops_.size(); i-- > 0;) {
    RecordedOp& op = *ops_[i];
    if (op.rule != place) continue;
    op.rule = nullptr;
    op.table = nullptr;
    slots_[op.first_output].use = Use::cut;
    ++cuts_;
    return;
  }
}

Slot TapeRecord::add_slot(const TensorImpl* tensor, std::uint64_t id, Use use) {
  const std::uint64_t index = id - first_id_;
  if (index > slots_.size()) slots_.extend(index);  // slots for the ids of results that only other tapes recorded
  slots_.push({latest_shape_, tensor->dtype, use});
  if (shapes_.empty() || shapes_.back() != tensor->shape) add_shape(tensor->shape);
  return static_cast<Slot>(index);
}

[[gnu::noinline]] void TapeRecord::add_shape(const Shape& shape) {
  shapes_.push_back(shape);
  latest_shape_ = static_cast<std::uint32_t>(shapes_.size() - 1);
  slots_.back().shape_index = latest_shape_;
}

void TapeRecord::destroy_rules() noexcept {
  if (std::exchange(rules_gone_, true)) return;
  for (std::size_t i = ops_.size(); i > 0; --i) destroy_rule(*ops_[i - 1]);
}

void TapeRecord::give_back_tensors() noexcept {
  destroy_rules();
  watched_.clear();
}

void TapeRecord::clear() noexcept {
  destroy_rules();
  ops_.clear();
  cuts_ = 0;
  arena_.clear();
  slots_.clear();
  shapes_.clear();
  leaves_.clear();
  watched_.clear();
  leaf_slots_.clear();
  further_leaves_.clear();
  rules_gone_ = false;
  first_id_ = begin_record_id();
}

}  // namespace xtape::detail
