#include "tape/tape_impl.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "core/trace.hpp"
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
void number_outputs(const Inputs& inputs, std::span<Tensor> outputs) {
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

namespace {

/// Held by a thread that stops or destroys another thread's tape, and by that other thread when it looks for such.
std::mutex& foreign() {
  static std::mutex* const mutex = new std::mutex;
  return *mutex;
}

constinit thread_local ThreadTapes* own_tapes = nullptr;
constinit thread_local bool own_tapes_gone = false;

ThreadTapes* tapes_of_this_thread() {
  if (own_tapes != nullptr || own_tapes_gone) [[likely]]
    return own_tapes;
  thread_local ThreadTapes tapes;
  return own_tapes = &tapes;
}

}  // namespace

ThreadTapes::~ThreadTapes() {
  TapeImpl::serve_requests(*this);
  const std::lock_guard lock(foreign());
  own_tapes = nullptr;
  own_tapes_gone = true;
  // What is left in the list belongs to tapes that outlive their thread.
  for (TapeImpl* tape = std::exchange(innermost_tape, nullptr); tape != nullptr;) {
    tape->recording_ = false;
    tape->home_ = nullptr;
    tape = std::exchange(tape->outer_, nullptr);
  }
}

void TapeImpl::serve_requests(ThreadTapes& tapes) noexcept {
  TapeImpl* to_delete = nullptr;
  {
    const std::lock_guard lock(foreign());
    TapeImpl* hidden = nullptr;
    for (TapeImpl* tape = tapes.requests.load(std::memory_order_relaxed); tape != nullptr;) {
      TapeImpl* const next = tape->next_request_;
      const TapeImpl* in_list = innermost_tape;
      while (in_list != nullptr && in_list != tape) in_list = in_list->outer_;
      if (in_list == nullptr) {  // the list is put aside (NoRecording), and will be back
        tape->next_request_ = std::exchange(hidden, tape);
      } else {
        tape->requested_ = false;
        tape->leave_list();
        if (tape->to_be_destroyed_) tape->next_request_ = std::exchange(to_delete, tape);
      }
      tape = next;
    }
    tapes.requests.store(hidden, std::memory_order_relaxed);
  }
  while (to_delete != nullptr) delete std::exchange(to_delete, to_delete->next_request_);
}

bool TapeImpl::leave_to_own_thread(bool destroy) noexcept {
  const std::lock_guard lock(foreign());
  if (home_ == nullptr) return false;
  to_be_destroyed_ = destroy;
  if (!std::exchange(requested_, true)) {
    next_request_ = home_->requests.load(std::memory_order_relaxed);
    home_->requests.store(this, std::memory_order_relaxed);
  }
  return true;
}

bool TapeImpl::of_calling_thread() const noexcept { return of_this_thread(first_id_); }

void TapeImpl::destroy(TapeImpl* tape) noexcept {
  if (!tape->of_calling_thread() && tape->leave_to_own_thread(true)) return;
  delete tape;
}

void TapeImpl::stop_anywhere() noexcept {
  if (of_calling_thread() || !leave_to_own_thread(false)) stop();
}

void TapeImpl::start() {
  ThreadTapes* const home = tapes_of_this_thread();
  if (home != nullptr && home->requests.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    serve_requests(*home);
  if (!of_this_thread(first_id_)) {
    if (!slots_.empty()) {
      fail<RuntimeError>("GradientTape", "a tape goes on recording only in the thread in which it began to");
    }
    first_id_ = begin_at();
  }
  outer_ = innermost_tape;
  innermost_tape = this;
  home_ = home;
  recording_.store(true, std::memory_order_relaxed);
  plain_ = outer_ == nullptr && !options_.profile;
  set_hooks();
  if (options_.profile) last_time_ = now();
}

void TapeImpl::leave_list() noexcept {
  recording_.store(false, std::memory_order_relaxed);
  home_ = nullptr;
  TapeImpl** link = &innermost_tape;
  while (*link != nullptr && *link != this) link = &(*link)->outer_;
  if (*link == this) *link = outer_;
  outer_ = nullptr;
  set_hooks();
}

void TapeImpl::stop() noexcept {
  if (!recording()) return;
  ThreadTapes* const home = home_;
  leave_list();
  if (home != nullptr && home->requests.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    serve_requests(*home);
}

Slot TapeImpl::add_slot(const TensorImpl* tensor, std::uint64_t id, Use use) {
  const std::uint64_t index = id - first_id_;
  if (index > slots_.size()) slots_.extend(index);
  slots_.push({latest_shape_, tensor->dtype, use});
  if (shapes_.empty() || shapes_.back() != tensor->shape) add_shape(tensor->shape);
  return static_cast<Slot>(index);
}

[[gnu::noinline]] void TapeImpl::add_shape(const Shape& shape) {
  shapes_.push_back(shape);
  latest_shape_ = static_cast<std::uint32_t>(shapes_.size() - 1);
  slots_.back().shape = latest_shape_;
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
  if (leaves_.find(variable) == no_slot) {
    leaves_.insert(variable, slot);
  } else {
    further_leaves_.push_back({variable, slot});
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

// What ops on few elements spend most of their time on. Whatever needs a call (memory to be had, a leaf to be looked
// up) is left to record_outputs(), so that nothing has to be saved on the stack.
[[gnu::always_inline]] inline RulePlace TapeImpl::record_plain(const char* name, Inputs inputs, Tensor& output,
                                                               const RuleTable& table) {
  constexpr RulePlace unusual{nullptr, ~std::uint64_t{0}};
  constexpr Use use_of[] = {Use::open, Use::open, Use::cut, Use::cut, Use::cut, Use::cut, Use::open};
  static_assert(static_cast<int>(float64) == 1 && static_cast<int>(bfloat16) == 6);  // integers end the path
  TensorImpl* const y = output.impl();
  const std::size_t n = inputs.size();
  const std::uint64_t first_id = first_id_, id = next_id, count = slots_.size();
  const std::size_t rule_offset = rounded_up(sizeof(Record) + n * sizeof(Slot), alignof(void*));
  if (!plain_ || observer != nullptr || n > 32 || y->id != 0 || y->leaf.load(std::memory_order_relaxed) != 0 ||
      id - first_id != count || slots_.full() || records_.full() || rule_offset + table.size > arena_.room() ||
      shapes_.empty()) [[unlikely]]
    return unusual;
  std::byte *const memory = arena_.next(), *const rule = memory + rule_offset;
  const SlotInfo* const infos = slots_.begin();
  auto* const slots = reinterpret_cast<Slot*>(memory + sizeof(Record));
  std::uint64_t tracked = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Slot slot = no_slot;
    if (const TensorImpl* const x = inputs[i]; x != nullptr) {
      const std::uint64_t index = x->id - first_id;
      if (index < count && infos[index].use == Use::open) {
        slot = static_cast<Slot>(index);
        tracked |= std::uint64_t{1} << i;
      } else if (const std::uint32_t hint = x->leaf.load(std::memory_order_relaxed); hint != 0) {
        if (hint > watched_.size() || watched_[hint - 1].impl() != x) return unusual;
        slot = leaf_slots_[hint - 1];
        tracked |= std::uint64_t{1} << i;
      } else if (index < count || x == y) {  // cut off, or an input that the op returns
        return unusual;
      }
    }
    slots[i] = slot;
  }
  if (tracked == 0) return {nullptr, 0};
  arena_.take_until(rule + table.size);
  next_id = id + 1;
  y->id = id;
  y->weak = false;
  records_.push_within(new (memory)
                           Record{name, &table, rule, static_cast<std::uint32_t>(n), 1, static_cast<Slot>(count)});
  slots_.push_within({latest_shape_, y->dtype, use_of[static_cast<std::size_t>(y->dtype)]});
  if (shapes_.back() != y->shape) add_shape(y->shape);
  return {rule, tracked};
}

RulePlace record_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table) {
  return innermost_tape->record_plain(name, inputs, output, table);
}

Record* TapeImpl::begin_record(const char* name, const Inputs& inputs, const RuleTable* table) {
  const std::size_t n = inputs.size();
  std::size_t size = sizeof(Record) + n * sizeof(Slot);
  if (table != nullptr) size += table->alignment + table->size;
  std::byte* const memory = arena_.allocate(size);
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
  void* rule = nullptr;
  if (table != nullptr) {
    const auto behind = reinterpret_cast<std::uintptr_t>(slots + n);
    rule = reinterpret_cast<std::byte*>(slots + n) + (rounded_up(behind, table->alignment) - behind);
  }
  return new (memory) Record{name, table, rule, static_cast<std::uint32_t>(n), 0, no_slot};
}

void TapeImpl::finish_record(Record* record, std::span<const Tensor> outputs) {
  record->num_outputs = static_cast<std::uint32_t>(outputs.size());
  record->first_output = static_cast<Slot>(slots_.size());
  for (const auto& output : outputs) {
    const bool goes_on = record->table != nullptr && is_floating(output.dtype());  // integers end the path
    const Slot slot = add_slot(output.impl(), output.impl()->id, goes_on ? Use::open : Use::cut);
    if (&output == outputs.data()) record->first_output = slot;
  }
  records_.push(record);
  cuts_ += record->table == nullptr;
  if (options_.profile) note_forward(outputs);
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
  further_leaves_.clear();
  rules_gone_ = false;
  first_id_ = begin_at();
}

}  // namespace xtape::detail
