#include "tape/tape_impl.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/check.hpp"
#include "core/trace.hpp"
#include "core/warn.hpp"
#include "tape/observer.hpp"
#include "tape/variable_hooks.hpp"
#include "xtape/tape/read_variables.hpp"

namespace xtape::detail {

constinit thread_local TapeImpl* innermost_tape = nullptr;

namespace {

// The numbers of a thread's results begin with the thread's own number, so that a result of one thread is never taken
// for one of another.
std::atomic<std::uint64_t> threads_seen{0};
constinit thread_local std::uint64_t next_id = 0;

std::uint64_t upcoming_id() {
  if (next_id == 0) [[unlikely]]
    next_id = (threads_seen.fetch_add(1, std::memory_order_relaxed) + 1) << 44;
  return next_id;
}

/// Whether a number is one of the calling thread's.
bool of_this_thread(std::uint64_t id) { return id >> 44 == upcoming_id() >> 44; }

/// Where the record of a tape that begins now begins; no two records begin at the same number.
std::uint64_t begin_at() {
  (void)upcoming_id();
  return ++next_id;
}

void watch_read_variable(const Variable& variable) {
  VariableImpl* impl = variable.impl();
  if (tracer != nullptr) tracer->variable_read(variable);
  if (ReadVariables::any()) ReadVariables::note(variable);
  if (innermost_tape == nullptr) return;
  if (!impl->trainable) return;
  // Only what a single tape has seen is remembered: a resumed tape may stand inside another one than before.
  const bool single = innermost_tape->outer() == nullptr;
  if (single && impl->seen_by.load(std::memory_order_relaxed) == innermost_tape->serial()) return;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->options().watch_accessed_variables) tape->watch(variable);
  }
  if (single) impl->seen_by.store(innermost_tape->serial(), std::memory_order_relaxed);
}

void note_assigned_variable(const Variable& variable, const Tensor& value) {
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    tape->note_assignment(variable, value.impl());
  }
}

constexpr VariableHooks hooks{watch_read_variable, note_assigned_variable};

constinit thread_local ReadVariables* innermost_reader = nullptr;

void set_hooks() noexcept {
  variable_hooks = innermost_tape != nullptr || innermost_reader != nullptr ? &hooks : untaped_variable_hooks;
}

bool contains(const Inputs& inputs, const TensorImpl* tensor) noexcept {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == tensor) return true;
  }
  return false;
}

}  // namespace

void update_variable_hooks() noexcept {
  untaped_variable_hooks = tracer != nullptr ? &hooks : nullptr;
  set_hooks();
}

ReadVariables::ReadVariables() noexcept : outer_(innermost_reader) {
  innermost_reader = this;
  set_hooks();
}
ReadVariables::~ReadVariables() {
  innermost_reader = outer_;
  set_hooks();
}
bool ReadVariables::any() noexcept { return innermost_reader != nullptr; }

void ReadVariables::note(const Variable& variable) {
  if (!variable.trainable() && !(is_recording() && any_tracked({variable.peek()}))) return;
  for (ReadVariables* reader = innermost_reader; reader != nullptr; reader = reader->outer_) {
    auto& list = reader->variables_;
    const auto known = [&](const Variable& other) { return other.is_same(variable); };
    if (std::none_of(list.begin(), list.end(), known)) list.push_back(variable);
  }
}

bool any_tracked(const Inputs& inputs) noexcept {
  for (const TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->observer != nullptr) return true;  // whoever asks shall come to record
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != nullptr && tape->any_slot_of(inputs[i]) != no_slot) return true;
    }
  }
  return false;
}

std::uint64_t tracked_bits(const Inputs& inputs) noexcept {
  constexpr std::uint64_t known = std::uint64_t{1} << 63;
  const std::size_t n = inputs.size();
  if (n > 63) return any_tracked(inputs) ? ~std::uint64_t{0} : 0;
  std::uint64_t bits = 0;
  for (const TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->observer != nullptr) bits |= known;
    for (std::size_t i = 0; i < n; ++i) {
      if (inputs[i] == nullptr) continue;
      const Slot slot = tape->any_slot_of(inputs[i]);
      if (has_gradient(slot)) bits |= std::uint64_t{1} << i;
      if (slot != no_slot) bits |= known;
    }
  }
  return bits;
}

namespace {

/// Gives results the next numbers of the thread.
[[gnu::always_inline]] inline void number_outputs(const Inputs& inputs, std::span<Tensor> outputs) {
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
}

}  // namespace

void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table) {
  bool numbered = false;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    Record* record = tape->begin_record(name, inputs, table);
    if (record == nullptr) {
      if (tape->observer != nullptr) {
        if (!std::exchange(numbered, true)) number_outputs(inputs, outputs);
        tape->observer->check(name, inputs, outputs);
      }
      continue;
    }
    if (!std::exchange(numbered, true)) number_outputs(inputs, outputs);
    if (record->table != nullptr) {
      if (tape->outer() == nullptr) {
        table->move(record->rule, rule);
      } else {
        table->copy(record->rule, rule);
      }
    }
    tape->finish_record(record, outputs);
  }
}

TapeImpl::TapeImpl(GradientTapeOptions options) : options_(options), first_id_(begin_at()) {
  // Small networks spend a good part of a step on growing vectors.
  constexpr std::size_t some = 32;
  slots_.reserve(some);
  records_.reserve(some);
  shapes_.reserve(some);
  watched_.reserve(some);
  leaf_slots_.reserve(some);
  variables_.reserve(some);
}

TapeImpl::~TapeImpl() {
  stop();
  clear();
}

void TapeImpl::start() {
  if (!of_this_thread(first_id_)) {
    if (!slots_.empty()) {
      fail<RuntimeError>("GradientTape", "a tape goes on recording only in the thread in which it began to");
    }
    first_id_ = begin_at();
  }
  outer_ = innermost_tape;
  innermost_tape = this;
  recording_ = true;
  set_hooks();
  if (options_.profile) last_time_ = now();
}

void TapeImpl::stop() noexcept {
  if (!recording_) return;
  recording_ = false;
  TapeImpl** link = &innermost_tape;
  while (*link != nullptr && *link != this) link = &(*link)->outer_;
  if (*link == this) *link = outer_;
  outer_ = nullptr;
  set_hooks();
}

Slot TapeImpl::add_slot(const TensorImpl* tensor, std::uint64_t id, Use use) {
  const std::uint64_t index = id - first_id_;
  if (index > slots_.size()) slots_.resize(index);
  if (shapes_.empty() || shapes_.back() != tensor->shape) shapes_.push_back(tensor->shape);
  slots_.push_back({static_cast<std::uint32_t>(shapes_.size() - 1), no_slot, tensor->dtype, use});
  return static_cast<Slot>(index);
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
    slot = add_slot(impl, upcoming_id(), Use::open);
    ++next_id;
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
  const bool known = leaves_.find(impl) != no_slot;
  if (known && slot_of_leaf(value.impl()) != no_slot) return;
  watch(value, impl);
  if (!known && is_floating(value.dtype())) variables_.push_back(variable);
}

Record* TapeImpl::begin_record(const char* name, const Inputs& inputs, const RuleTable* table) {
  const std::size_t n = inputs.size();
  std::size_t rule_offset = sizeof(Record) + n * sizeof(Slot), size = rule_offset, alignment = alignof(Record);
  if (table != nullptr) {
    rule_offset = (rule_offset + table->alignment - 1) & ~(table->alignment - 1);
    size = rule_offset + table->size;
    alignment = std::max(alignment, table->alignment);
  }
  auto* memory = static_cast<std::byte*>(arena_.allocate(size, alignment));
  auto* slots = reinterpret_cast<Slot*>(memory + sizeof(Record));
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
  void* rule = table == nullptr ? nullptr : memory + rule_offset;
  return new (memory) Record{name, table, rule, slots, static_cast<std::uint32_t>(n), 0, no_slot};
}

void TapeImpl::finish_record(Record* record, std::span<const Tensor> outputs) {
  record->num_outputs = static_cast<std::uint32_t>(outputs.size());
  record->first_output = static_cast<Slot>(slots_.size());
  records_.push_back(record);
  cuts_ += record->table == nullptr;
  for (const auto& output : outputs) {
    const bool goes_on = record->table != nullptr && is_floating(output.dtype());  // integers end the path
    const Slot slot = add_slot(output.impl(), output.impl()->id, goes_on ? Use::open : Use::cut);
    if (&output == outputs.data()) record->first_output = slot;
  }
  if (options_.profile) note_forward(outputs);
}

void TapeImpl::destroy_rule(Record& record) noexcept {
  if (record.rule == nullptr) return;
  record.table->destroy(record.rule);
  record.rule = nullptr;
}

void TapeImpl::destroy_rules() noexcept {
  if (std::exchange(rules_gone_, true)) return;
  for (std::size_t i = records_.size(); i > 0; --i) destroy_rule(*records_[i - 1]);
}

/// Gives back what the record holds of tensors; what it knows of ops stays.
void TapeImpl::consume() noexcept {
  consumed = true;
  destroy_rules();
  watched_.clear();
}

void TapeImpl::note_assignment(const Variable& variable, const TensorImpl* value) {
  const Slot slot = any_slot_of(value);
  if (slot != no_slot) assignments_.push_back({variable.impl(), slot});
}

void TapeImpl::clear() noexcept {
  destroy_rules();
  records_.clear();
  cuts_ = 0;
  assignments_.clear();
  timings_.clear();
  arena_.clear();
  slots_.clear();
  shapes_.clear();
  leaves_.clear();
  watched_.clear();
  leaf_slots_.clear();
  rules_gone_ = false;
  first_id_ = begin_at();
}

}  // namespace xtape::detail
