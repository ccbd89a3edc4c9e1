#include "tape/tape_impl.hpp"

#include <atomic>

#include "core/check.hpp"
#include "core/warn.hpp"

namespace xtape::detail {

constinit thread_local TapeImpl* innermost_tape = nullptr;

namespace {

// The numbers of a thread's results begin with the thread's own number, so that a result of one thread is never taken
// for one of another.
std::atomic<std::uint64_t> threads_seen{0};
constinit thread_local std::uint64_t next_id = 0;

std::uint64_t upcoming_id() {
  if (next_id == 0) next_id = (threads_seen.fetch_add(1, std::memory_order_relaxed) + 1) << 40;
  return next_id;
}

/// Where the record of a tape that begins now begins; no two records begin at the same number.
std::uint64_t begin_at() {
  (void)upcoming_id();
  return ++next_id;
}

void watch_read_variable(const Variable& variable) {
  VariableImpl* impl = variable.impl();
  if (!impl->trainable) return;
  // Only what a single tape has seen is remembered: a resumed tape may stand inside another one than before.
  const bool single = innermost_tape->outer() == nullptr;
  if (single && impl->seen_by.load(std::memory_order_relaxed) == innermost_tape->serial()) return;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->options().watch_accessed_variables) tape->watch(variable);
  }
  if (single) impl->seen_by.store(innermost_tape->serial(), std::memory_order_relaxed);
}

bool contains(const Inputs& inputs, const TensorImpl* tensor) noexcept {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == tensor) return true;
  }
  return false;
}

}  // namespace

bool any_tracked(const Inputs& inputs) noexcept {
  for (const TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != nullptr && tape->slot_of(inputs[i]) != no_slot) return true;
    }
  }
  return false;
}

void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable& table) {
  bool numbered = false;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    Record* record = tape->begin_record(name, inputs, table);
    if (record == nullptr) continue;
    if (!numbered) {
      for (auto& output : outputs) {
        // A rule-writer may return an input itself: the result needs an identity of its own.
        if (output.impl()->id != 0 || output.impl()->leaf.load(std::memory_order_relaxed) != 0 ||
            contains(inputs, output.impl())) {
          output = make_alias(output);
        }
        output.impl()->id = upcoming_id();
        output.impl()->weak = false;
        ++next_id;
      }
      numbered = true;
    }
    if (tape->outer() == nullptr) {
      table.move(record->rule, rule);
    } else {
      table.copy(record->rule, rule);
    }
    tape->finish_record(record, outputs);
  }
}

TapeImpl::TapeImpl(GradientTapeOptions options) : options_(options), first_id_(begin_at()) {}

TapeImpl::~TapeImpl() {
  stop();
  clear();
}

void TapeImpl::start() {
  outer_ = innermost_tape;
  innermost_tape = this;
  recording_ = true;
  variable_read_hook = &watch_read_variable;
}

void TapeImpl::stop() noexcept {
  if (!recording_) return;
  recording_ = false;
  TapeImpl** link = &innermost_tape;
  while (*link != nullptr && *link != this) link = &(*link)->outer_;
  if (*link == this) *link = outer_;
  outer_ = nullptr;
  if (innermost_tape == nullptr) variable_read_hook = nullptr;
}

Slot TapeImpl::add_slot(const TensorImpl* tensor) {
  if (shapes_.empty() || shapes_.back() != tensor->shape) shapes_.push_back(tensor->shape);
  slots_.push_back({static_cast<std::uint32_t>(shapes_.size() - 1), tensor->dtype});
  return static_cast<Slot>(slots_.size() - 1);
}

void TapeImpl::watch(const Tensor& tensor, const VariableImpl* variable) {
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
    if (impl->weak) impl->weak = false;  // no write to what other threads may be reading
    slot = add_slot(impl);
    leaves_.insert(impl, slot);
    watched_.push_back(tensor);
    leaf_slots_.push_back(slot);
    impl->leaf.store(static_cast<std::uint32_t>(watched_.size()), std::memory_order_relaxed);
  }
  if (variable == nullptr) return;
  // A variable that was assigned to between two reads has several leaves; its gradient is the sum of theirs.
  const Slot first = leaves_.find(variable);
  if (first == no_slot) {
    leaves_.insert(variable, slot);
  } else {
    slots_[slot].next_of_variable = slots_[first].next_of_variable;
    slots_[first].next_of_variable = slot;
  }
}

void TapeImpl::watch(const Variable& variable) {
  const Tensor& value = variable.peek();
  const VariableImpl* impl = variable.impl();
  if (slot_of_leaf(value.impl()) != no_slot && leaves_.find(impl) != no_slot) return;
  const bool known = leaves_.find(impl) != no_slot;
  watch(value, impl);
  if (!known && leaves_.find(impl) != no_slot) variables_.push_back(variable);
}

Record* TapeImpl::begin_record(const char* name, const Inputs& inputs, const RuleTable& table) {
  const std::size_t n = inputs.size();
  const std::size_t rule_offset =
      (sizeof(Record) + n * sizeof(Slot) + table.alignment - 1) / table.alignment * table.alignment;
  auto* memory = static_cast<std::byte*>(
      arena_.allocate(rule_offset + table.size, table.alignment > alignof(Record) ? table.alignment : alignof(Record)));
  auto* slots = reinterpret_cast<Slot*>(memory + sizeof(Record));
  bool tracked = false;
  for (std::size_t i = 0; i < n; ++i) {
    slots[i] = inputs[i] == nullptr ? no_slot : slot_of(inputs[i]);
    tracked = tracked || slots[i] != no_slot;
  }
  if (!tracked) {
    arena_.undo(memory);
    return nullptr;
  }
  return new (memory) Record{name, &table, memory + rule_offset, slots, static_cast<std::uint32_t>(n), 0, no_slot};
}

void TapeImpl::finish_record(Record* record, std::span<const Tensor> outputs) {
  record->num_outputs = static_cast<std::uint32_t>(outputs.size());
  record->first_output = static_cast<Slot>(slots_.size());
  records_.push_back(record);
  for (const auto& output : outputs) {
    const std::uint64_t index = output.impl()->id - first_id_;
    if (index > slot_of_.size()) slot_of_.resize(index, no_slot);  // results that only other tapes recorded
    const Slot slot = add_slot(output.impl());
    slot_of_.push_back(is_floating(output.dtype()) ? slot : no_slot);  // integers end the path
  }
}

void TapeImpl::destroy_records(std::size_t from) noexcept {
  for (std::size_t i = records_.size(); i > from; --i) {
    records_[i - 1]->table->destroy(records_[i - 1]->rule);
  }
  records_.resize(from);
}

void TapeImpl::clear() noexcept {
  destroy_records(0);
  arena_.clear();
  slot_of_.clear();
  slots_.clear();
  shapes_.clear();
  leaves_.clear();
  watched_.clear();
  leaf_slots_.clear();
  first_id_ = begin_at();
}

}  // namespace xtape::detail
