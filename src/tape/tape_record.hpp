#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "tape/arena.hpp"
#include "tape/leaf_table.hpp"
#include "tape/result_ids.hpp"
#include "tape/slot.hpp"
#include "tape/stack.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/tape/record.hpp"

// The first of a tape's three parts: what it has recorded. The backward walk (walk.hpp) and the diagnostics
// (diagnostics.hpp) read it.
//
// The record is a list of ops in the order in which they ran (a Wengert list). It holds only the leaves as tensors. An
// op knows its inputs and outputs by their slots, which are small numbers; its rule holds what its gradient needs.
// Appending an op means: look up the slots of its inputs, write them to the arena, construct the rule after them, and
// give the output the next slot.
namespace xtape::detail {

/// One recorded op. In memory it is followed by the slots of its inputs and by its rule.
struct RecordedOp {
  const char* name;
  const RuleTable* table;  ///< null for an op without a gradient
  void* rule;              ///< null if there is none, or after it was destroyed
  std::uint32_t num_inputs;
  std::uint32_t num_outputs;
  Slot first_output;  ///< the outputs have consecutive slots

  std::span<const Slot> inputs() const noexcept { return {reinterpret_cast<const Slot*>(this + 1), num_inputs}; }
};

class TapeRecord {
 public:
  TapeRecord();
  TapeRecord(const TapeRecord&) = delete;
  ~TapeRecord() { clear(); }

  // Leaves

  void watch(const Tensor& tensor, const VariableImpl* variable = nullptr);
  void watch(const Variable& variable);
  /// The variables watched so far.
  const PoolVector<Variable>& variables() const noexcept { return variables_; }
  void forget_variables() noexcept { variables_.clear(); }

  // Ops

  /// Appends an op with one output, without its rule, in the common case: see record_plain() in record.hpp. Cases that
  /// need a call (to allocate memory, to look up a leaf) are left to begin() and finish(), so that no registers have to
  /// be saved on the stack.
  RulePlace append_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table);
  /// Makes an op with the slots of its inputs and room for its rule; `table` is null for an op without a gradient.
  /// Returns null if the tape tracks none of the inputs.
  RecordedOp* begin(const char* name, const Inputs& inputs, const RuleTable* table);
  /// Appends the op after its rule was made and its outputs got their ids.
  void finish(RecordedOp* op, std::span<const Tensor> outputs);
  /// Turns the op whose rule at `place` could not be made into one without a gradient.
  void give_up_rule(const void* place) noexcept;

  std::size_t num_ops() const noexcept { return ops_.size(); }
  RecordedOp& op(std::size_t i) const noexcept { return *ops_[i]; }
  std::span<RecordedOp* const> ops() const noexcept { return {ops_.begin(), ops_.size()}; }
  std::size_t num_ops_with_gradient() const noexcept { return ops_.size() - cuts_; }

  // Slots

  /// The use of a slot: by no tensor, by a tensor with a gradient, by a tensor without.
  enum class Use : std::uint8_t { none, open, cut };
  struct SlotInfo {
    std::uint32_t shape_index = 0;  ///< neighbours mostly share a shape
    DType dtype = DType::float32;
    Use use = Use::none;
  };
  std::size_t num_slots() const noexcept { return slots_.size(); }
  SlotInfo info(Slot slot) const noexcept { return slots_[slot]; }
  const Shape& shape_of(SlotInfo info) const noexcept { return shapes_[info.shape_index]; }
  const Shape& shape_of(Slot slot) const noexcept { return shape_of(slots_[slot]); }

  Slot slot_of(const TensorImpl* tensor) const noexcept {
    const Slot slot = any_slot_of(tensor);
    return has_gradient(slot) ? slot : no_slot;
  }
  /// The same; for a tensor that is cut off it is the marked slot.
  Slot any_slot_of(const TensorImpl* tensor) const noexcept {
    const std::uint64_t index = tensor->id - first_id_;
    const Use use = index < slots_.size() ? slots_[index].use : Use::none;
    if (use == Use::open) [[likely]]
      return static_cast<Slot>(index);
    const Slot leaf = slot_of_leaf(tensor);  // first, since a watched tensor is a source however it was computed
    return leaf == no_slot && use == Use::cut ? static_cast<Slot>(index) | cut_off : leaf;
  }
  Slot slot_of_leaf(const TensorImpl* tensor) const noexcept {
    const std::uint32_t hint = tensor->leaf.load(std::memory_order_relaxed);
    return hint == 0 ? no_slot : slot_of_watched(tensor, hint);
  }
  /// The slot of a leaf by its address, since leaves are not held after gradient().
  Slot slot_of_address(const void* leaf) const noexcept { return leaves_.find(leaf); }
  /// Calls f with the slots of a variable's leaves: it has several if it was assigned to between two reads.
  template <class F>
  void for_each_leaf_of(const VariableImpl* variable, const F& f) const {
    const Slot first = leaves_.find(variable);
    if (first == no_slot) return;
    f(first);
    for (const auto& leaf : further_leaves_) {
      if (leaf.variable == variable) f(leaf.slot);
    }
  }

  // Life

  /// The id of the result in slot 0. It differs for every record, and after each clear().
  std::uint64_t first_id() const noexcept { return first_id_; }
  /// Begins at the calling thread's next id. Only for a record without slots.
  void begin_in_this_thread() { first_id_ = begin_record_id(); }
  static void destroy_rule(RecordedOp& op) noexcept {
    if (op.rule != nullptr) op.table->destroy(std::exchange(op.rule, nullptr));
  }
  /// Notes that a walk has destroyed all rules.
  void note_rules_gone() noexcept { rules_gone_ = true; }
  /// Releases the tensors that the record holds, but keeps its information about ops.
  void give_back_tensors() noexcept;
  /// Forgets everything except the list of watched variables.
  void clear() noexcept;

 private:
  [[gnu::noinline]] Slot slot_of_watched(const TensorImpl* tensor, std::uint32_t hint) const noexcept {
    if (hint <= watched_.size() && watched_[hint - 1].impl() == tensor) return leaf_slots_[hint - 1];
    return leaves_.find(tensor);
  }
  /// Appends the slot of the result with this id.
  Slot add_slot(const TensorImpl* tensor, std::uint64_t id, Use use);
  /// Gives the latest slot a shape that differs from that of the slot before.
  void add_shape(const Shape& shape);
  void destroy_rules() noexcept;

  std::uint64_t first_id_;
  Stack<SlotInfo> slots_;
  PoolVector<Shape> shapes_;
  std::uint32_t latest_shape_ = 0;  ///< the index of the latest shape
  bool rules_gone_ = false;         ///< all rules have been destroyed
  Stack<RecordedOp*> ops_;
  std::size_t cuts_ = 0;  ///< ops without a gradient
  Arena arena_;           ///< the memory of the ops
  LeafTable leaves_;
  Tensors watched_;  ///< the leaves; held so that their addresses are not reused
  PoolVector<Slot> leaf_slots_;
  struct Leaf {
    const VariableImpl* variable;
    Slot slot;
  };
  PoolVector<Leaf> further_leaves_;  ///< all leaves of variables except the first of each
  PoolVector<Variable> variables_;
};

// Ops on few elements spend most of their time here.
[[gnu::always_inline]] inline RulePlace TapeRecord::append_plain(const char* name, Inputs inputs, Tensor& output,
                                                                 const RuleTable& table) {
  constexpr RulePlace unusual{nullptr, ~std::uint64_t{0}};
  constexpr auto use_of = with_element_types([]<class... T>() {  // gradients end at integers
    return std::array{is_floating(dtype_of<T>) ? Use::open : Use::cut...};
  });
  TensorImpl* const y = output.impl();
  const std::size_t n = inputs.size();
  const std::uint64_t first_id = first_id_, id = thread_state.next_result_id, count = slots_.size();
  const std::size_t rule_offset = rounded_up(sizeof(RecordedOp) + n * sizeof(Slot), alignof(void*));
  if (n > 32 || y->id != 0 || y->leaf.load(std::memory_order_relaxed) != 0 || id - first_id != count || slots_.full() ||
      ops_.full() || rule_offset + table.size > arena_.room() || shapes_.empty()) [[unlikely]]
    return unusual;
  std::byte *const memory = arena_.next(), *const rule = memory + rule_offset;
  const SlotInfo* const infos = slots_.begin();
  auto* const slots = reinterpret_cast<Slot*>(memory + sizeof(RecordedOp));
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
      } else if (index < count || x == y) {  // cut off, or an input that is also the output
        return unusual;
      }
    }
    slots[i] = slot;
  }
  if (tracked == 0) return {nullptr, 0};
  arena_.take_until(rule + table.size);
  thread_state.next_result_id = id + 1;
  y->id = id;
  y->weak = false;
  slots_.push_within({latest_shape_, y->dtype, use_of[static_cast<std::size_t>(y->dtype)]});
  if (shapes_.back() != y->shape) add_shape(y->shape);
  // Last, since the rule of an op in the list is destroyed: add_shape() throws if there is no memory.
  ops_.push_within(new (memory)
                       RecordedOp{name, &table, rule, static_cast<std::uint32_t>(n), 1, static_cast<Slot>(count)});
  return {rule, tracked};
}

}  // namespace xtape::detail
