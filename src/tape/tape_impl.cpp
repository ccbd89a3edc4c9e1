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

void watch_read_variable(const Variable& variable) {
  if (!variable.impl()->trainable) return;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (tape->options().watch_accessed_variables) tape->watch(variable);
  }
}

}  // namespace

void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, const void* rule,
                    const RuleTable& table) {
  bool numbered = false;
  for (TapeImpl* tape = innermost_tape; tape != nullptr; tape = tape->outer()) {
    if (!tape->tracks_any(inputs)) continue;
    if (!numbered) {
      for (auto& output : outputs) {
        // A rule-writer may return an input itself: the result needs an identity of its own.
        if (output.impl()->id != 0 || output.impl()->leaf.load(std::memory_order_relaxed)) output = make_alias(output);
        output.impl()->id = upcoming_id();
        output.impl()->weak = false;
        ++next_id;
      }
      numbered = true;
    }
    tape->push(name, inputs, outputs, rule, table);
  }
}

TapeImpl::TapeImpl(GradientTapeOptions options) : options_(options), first_id_(upcoming_id()) {}

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
  slots_.push_back({tensor->shape, tensor->dtype});
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
  if (slot_of(impl) != no_slot) return;
  impl->leaf.store(true, std::memory_order_relaxed);
  impl->weak = false;
  const Slot slot = add_slot(impl);
  leaves_.insert(impl, slot);
  watched_.push_back(tensor);
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
  if (value.impl()->leaf.load(std::memory_order_relaxed) && leaves_.find(value.impl()) != no_slot &&
      leaves_.find(impl) != no_slot) {
    return;
  }
  const bool known = leaves_.find(impl) != no_slot;
  watch(value, impl);
  if (!known && leaves_.find(impl) != no_slot) variables_.push_back(variable);
}

bool TapeImpl::tracks_any(const Inputs& inputs) const noexcept {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != nullptr && slot_of(inputs[i]) != no_slot) return true;
  }
  return false;
}

void TapeImpl::push(const char* name, const Inputs& inputs, std::span<Tensor> outputs, const void* rule,
                    const RuleTable& table) {
  const std::size_t n = inputs.size();
  auto* record = static_cast<Record*>(arena_.allocate(sizeof(Record) + n * sizeof(Slot), alignof(Record)));
  auto* slots = reinterpret_cast<Slot*>(record + 1);
  for (std::size_t i = 0; i < n; ++i) slots[i] = inputs[i] == nullptr ? no_slot : slot_of(inputs[i]);
  void* own_rule = arena_.allocate(table.size, table.alignment);
  table.copy(own_rule, rule);
  const Slot first = static_cast<Slot>(slots_.size());
  *record = {name, &table, own_rule, slots, static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(outputs.size()),
             first};
  for (const auto& output : outputs) {
    slot_of_.resize(output.impl()->id - first_id_, no_slot);  // results that other tapes recorded and this one did not
    slot_of_.push_back(add_slot(output.impl()));
  }
  records_.push_back(record);
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
  leaves_.clear();
  watched_.clear();
  first_id_ = upcoming_id();
}

}  // namespace xtape::detail
