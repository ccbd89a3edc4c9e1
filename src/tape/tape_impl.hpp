#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tape/stack.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// Microseconds since some moment.
inline double now() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The number of a tensor on one tape, counted from where the tape began: the index of its gradient.
using Slot = std::uint32_t;
inline constexpr Slot no_slot = ~Slot{0};
/// Marks the slot of a tensor that was computed from tracked ones, but through an op without a gradient: no gradient
/// gets there, only GradientTape::explain looks at it.
inline constexpr Slot cut_off = Slot{1} << 31;
/// Whether a slot is one that gradients get to.
inline constexpr bool has_gradient(Slot slot) { return slot < cut_off; }

/// The next multiple of a power of two.
inline constexpr std::size_t rounded_up(std::size_t number, std::size_t multiple) {
  return (number + multiple - 1) & ~(multiple - 1);
}

/// One recorded op. Behind it in memory stand the slots of its inputs and its rule.
struct Record {
  const char* name;
  const RuleTable* table;  ///< null where no gradient gets through
  void* rule;              ///< null when there is none, or none any more
  std::uint32_t num_inputs;
  std::uint32_t num_outputs;
  Slot first_output;  ///< the outputs have consecutive slots

  std::span<const Slot> inputs() const noexcept { return {reinterpret_cast<const Slot*>(this + 1), num_inputs}; }
};

/// Memory for records: grows in chunks, is given back all at once, and keeps its chunks for the next use.
class Arena {
 public:
  ~Arena();
  /// Room for so many bytes, at an address that suits a pointer.
  std::byte* allocate(std::size_t bytes) {
    bytes = rounded_up(bytes, word);
    if (bytes <= static_cast<std::size_t>(end_ - next_)) [[likely]]
      return std::exchange(next_, next_ + bytes);
    return allocate_in_next_chunk(bytes);
  }
  /// What allocate() would return next, and how many bytes it has there without another chunk.
  std::byte* next() const noexcept { return next_; }
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - next_); }
  /// Allocates what lies before `end`, a multiple of a pointer's alignment away and within room().
  void take_until(std::byte* end) noexcept { next_ = end; }
  /// Takes back the latest allocation.
  void undo(std::byte* latest) noexcept { next_ = latest; }
  void clear() noexcept;

 private:
  static constexpr std::size_t word = alignof(void*);
  struct Chunk {
    std::byte* data;
    std::size_t bytes;
    std::uint8_t size_class;
  };
  [[gnu::noinline]] std::byte* allocate_in_next_chunk(std::size_t bytes);
  void use(std::size_t chunk) noexcept;

  PoolVector<Chunk> chunks_;
  std::size_t chunk_ = 0;  ///< the one being filled
  std::byte *next_ = nullptr, *end_ = nullptr;
};

/// Address -> slot, for the leaves: watched tensors, and variables (the first of a variable's leaves). Open addressing.
class LeafTable {
 public:
  Slot find(const void* key) const noexcept;
  void insert(const void* key, Slot slot);
  void clear() noexcept;

 private:
  struct Entry {
    const void* key = nullptr;
    Slot slot = no_slot;
  };
  std::size_t place(const void* key) const noexcept;
  PoolVector<Entry> entries_;
  std::size_t count_ = 0;
};

class Observer;

/// What a thread keeps for tapes of its own that another thread stops or destroys while they are in its list: they
/// leave the list when the thread looks at them, or with its end.
struct ThreadTapes {
  ~ThreadTapes();
  std::atomic<TapeImpl*> requests{nullptr};  ///< the first of those; changed under a lock
};

/// The linear record (Wengert list) behind a GradientTape.
///
/// An op result gets the next number of its thread; minus the number at which the tape began it is its slot, so finding
/// a result needs no hash map. A leaf uses up a number as well, but may be shared by threads: it is found by address.
/// The numbers of results that only other tapes recorded are slots that are not in use.
class TapeImpl {
 public:
  explicit TapeImpl(GradientTapeOptions options);
  TapeImpl(const TapeImpl&) = delete;
  ~TapeImpl();

  /// Deletes a tape, on any thread: one that is in another thread's list is left to that thread.
  static void destroy(TapeImpl* tape) noexcept;
  /// Whether the tape began to record on the calling thread.
  bool of_calling_thread() const noexcept;

  static void* operator new(std::size_t) { return PoolAllocator<TapeImpl>().allocate(1); }
  static void operator delete(void* tape) { PoolAllocator<TapeImpl>().deallocate(static_cast<TapeImpl*>(tape), 1); }

  /// Enters the calling thread's list of recording tapes.
  void start();
  /// Leaves it.
  void stop() noexcept;
  /// The same on any thread: the tape's own leaves it as soon as it can.
  void stop_anywhere() noexcept;
  bool recording() const noexcept { return recording_.load(std::memory_order_relaxed); }
  TapeImpl* outer() const noexcept { return outer_; }
  const GradientTapeOptions& options() const noexcept { return options_; }

  void watch(const Tensor& tensor, const VariableImpl* variable = nullptr);
  void watch(const Variable& variable);

  Slot slot_of(const TensorImpl* tensor) const noexcept {
    const Slot slot = any_slot_of(tensor);
    return has_gradient(slot) ? slot : no_slot;
  }
  /// The same, or the marked slot of a tensor that is cut off.
  Slot any_slot_of(const TensorImpl* tensor) const noexcept {
    const std::uint64_t index = tensor->id - first_id_;
    const Use use = index < slots_.size() ? slots_[index].use : Use::none;
    if (use == Use::open) [[likely]]
      return static_cast<Slot>(index);
    const Slot leaf = slot_of_leaf(tensor);  // before the cut: what is watched is a source, wherever it came from
    return leaf == no_slot && use == Use::cut ? static_cast<Slot>(index) | cut_off : leaf;
  }
  Slot slot_of_leaf(const TensorImpl* tensor) const noexcept {
    const std::uint32_t hint = tensor->leaf.load(std::memory_order_relaxed);
    return hint == 0 ? no_slot : slot_of_watched(tensor, hint);
  }
  [[gnu::noinline]] Slot slot_of_watched(const TensorImpl* tensor, std::uint32_t hint) const noexcept {
    if (hint <= watched_.size() && watched_[hint - 1].impl() == tensor) return leaf_slots_[hint - 1];
    return leaves_.find(tensor);
  }
  /// Different for every tape and every time that it was cleared.
  std::uint64_t serial() const noexcept { return first_id_; }
  /// record_plain() where this is the innermost tape.
  RulePlace record_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table);
  /// A record with its inputs' slots and room for its rule, which has no table where no gradient gets through; null if
  /// the tape knows none of the inputs.
  Record* begin_record(const char* name, const Inputs& inputs, const RuleTable* table);
  /// Appends the record, its rule in place, of outputs that are numbered by now.
  void finish_record(Record* record, std::span<const Tensor> outputs);

  /// The gradients of `sources`; consumes the record unless the tape is persistent or `keep` is set.
  Tensors gradient(std::span<const Tensor> targets, std::span<const Source> sources, const GradientOptions& options,
                   bool keep = false);

  /// Throws a RuntimeError when gradient() has used up the record.
  void check_usable() const;
  /// Remembers that a variable took over the value of a tensor.
  void note_assignment(const Variable& variable, const TensorImpl* value);
  Explanation explain(const Tensor& target, const Source& source) const;
  std::string dot() const;
  std::string chrome_trace() const;

  /// Forgets everything but the list of watched variables.
  void clear() noexcept;
  void forget_variables() noexcept { variables_.clear(); }
  const PoolVector<Variable>& variables() const noexcept { return variables_; }
  std::size_t num_records() const noexcept { return consumed ? 0 : records_.size() - cuts_; }

  /// gradient() of a non-persistent tape has been called: the rules are gone, what explain() needs is still there.
  bool consumed = false;
  /// Is shown every op of the thread, whatever the tape tracks.
  Observer* observer = nullptr;

 private:
  friend struct ThreadTapes;
  /// Leaves a request for the tape's own thread; false where that has ended, or the tape is in no list.
  bool leave_to_own_thread(bool destroy) noexcept;
  static void serve_requests(ThreadTapes& tapes) noexcept;
  void leave_list() noexcept;

  /// What a slot is used by: no tensor, one with a gradient, one without.
  enum class Use : std::uint8_t { none, open, cut };
  struct SlotInfo {
    std::uint32_t shape = 0;  ///< index in shapes_: neighbours mostly share one
    DType dtype = DType::float32;
    Use use = Use::none;
  };
  /// Puts a tensor at the slot of a number, behind all others.
  Slot add_slot(const TensorImpl* tensor, std::uint64_t id, Use use);
  /// Gives the latest slot a shape that the slot before it does not have.
  void add_shape(const Shape& shape);
  /// Calls f with the slots of a variable's leaves: several where it was assigned to between two reads.
  template <class F>
  void for_each_leaf_of(const VariableImpl* variable, const F& f) const {
    const Slot first = leaves_.find(variable);
    if (first == no_slot) return;
    f(first);
    for (const auto& leaf : further_leaves_) {
      if (leaf.variable == variable) f(leaf.slot);
    }
  }
  using Marks = PoolVector<std::uint8_t>;  ///< for each slot: whether a source can be reached from it
  void seed(std::span<const Tensor> targets, const GradientOptions& options, Tensors& gradients) const;
  Marks mark_wanted(std::span<const Source> sources) const;
  void walk(const Marks& wanted, const Marks& is_source, Tensors& gradients, bool keep);
  void run(const Record& record, const std::uint8_t* wanted, Tensor* gradients, bool* needs);
  void run_with_many_inputs(const Record& record, const std::uint8_t* wanted, Tensor* gradients);
  Tensor fit(const char* name, std::size_t input, Tensor gradient, SlotInfo info) const;
  void add_gradient(const char* name, std::size_t input, Tensor gradient, Slot slot, Tensor& sum) const;
  Tensor result(const Source& source, std::span<const Tensor> targets, const GradientOptions& options,
                const Tensors& gradients) const;
  static void destroy_rule(Record& record) noexcept {
    if (record.rule != nullptr) record.table->destroy(std::exchange(record.rule, nullptr));
  }
  void destroy_rules() noexcept;
  void consume() noexcept;

  // How explain() and dot() see the record: explain.cpp.
  struct Assignment {
    const VariableImpl* variable;
    Slot value;  ///< what was assigned
  };
  struct Step;
  PoolVector<Step> path_between(const PoolVector<Slot>& from, Slot to, bool through_cuts) const;
  PoolVector<Slot> slots_of(const Source& source) const;
  std::string describe(std::size_t record) const;
  std::string why_unknown(const Source& source) const;
  std::string why_unrecorded(const Tensor& target) const;

  // Filled when the tape profiles, an entry a record.
  struct Timing {
    double begin = 0, forward = 0;  ///< microseconds
    double backward_begin = 0, backward = 0;
    std::int64_t bytes = 0;
  };
  void note_forward(std::span<const Tensor> outputs);

  GradientTapeOptions options_;
  TapeImpl* outer_ = nullptr;
  ThreadTapes* home_ = nullptr;       ///< of the thread in whose list the tape is
  TapeImpl* next_request_ = nullptr;  ///< in ThreadTapes
  bool requested_ = false, to_be_destroyed_ = false;
  std::atomic<bool> recording_{false};
  bool plain_ = false;       ///< no tape was around when recording began, and nothing is to be timed
  bool rules_gone_ = false;  ///< all rules have been destroyed
  std::uint64_t first_id_ = 0;
  Stack<SlotInfo> slots_;
  PoolVector<Shape> shapes_;
  std::uint32_t latest_shape_ = 0;  ///< the index of the last one
  Stack<Record*> records_;
  Arena arena_;
  LeafTable leaves_;
  Tensors watched_;  ///< the leaves; held so that their addresses are not reused
  PoolVector<Slot> leaf_slots_;
  struct Leaf {
    const VariableImpl* variable;
    Slot slot;
  };
  PoolVector<Leaf> further_leaves_;  ///< of variables, but for each one's first
  PoolVector<Variable> variables_;
  std::size_t cuts_ = 0;  ///< records without a gradient
  PoolVector<Assignment> assignments_;
  PoolVector<Timing> timings_;
  double last_time_ = 0;  ///< when the latest op had been recorded
};

}  // namespace xtape::detail
