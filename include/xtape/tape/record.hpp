#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

namespace xtape {

/// The gradients that a rule returns: one for each input, in the order of the inputs; an empty Tensor for an input
/// without a gradient. A vector that keeps up to four gradients in place.
class Grads {
 public:
  Grads() noexcept {}
  template <class... T>
  requires(sizeof...(T) > 0 && (std::is_convertible_v<T&&, Tensor> && ...)) Grads(T&&... gradients) : Grads() {
    (push_back(Tensor(std::forward<T>(gradients))), ...);
  }
  Grads(const Grads& other) : Grads() {
    for (std::size_t i = 0; i < other.count_; ++i) push_back(other.at(i));
  }
  Grads(Grads&& other) noexcept : count_(other.count_), many_(std::move(other.many_)) {
    for (std::size_t i = 0; i < in_place(); ++i) new (&few_[i]) Tensor(std::move(other.few_[i]));
    other.forget();
  }
  Grads& operator=(Grads other) noexcept {
    this->~Grads();
    return *new (this) Grads(std::move(other));
  }
  ~Grads() { forget(); }

  void push_back(Tensor gradient) {
    if (count_ < max_in_place) {
      new (&few_[count_++]) Tensor(std::move(gradient));
    } else {
      push_to_heap(std::move(gradient));
    }
  }
  std::size_t size() const noexcept { return count_; }
  Tensor& operator[](std::size_t i) noexcept { return data()[i]; }
  /// All gradients, contiguous.
  Tensor* data() noexcept { return count_ <= max_in_place ? few_ : many_.data(); }

 private:
  static constexpr std::size_t max_in_place = 4;
  const Tensor& at(std::size_t i) const noexcept { return count_ <= max_in_place ? few_[i] : many_[i]; }
  std::size_t in_place() const noexcept { return count_ <= max_in_place ? count_ : 0; }
  void forget() noexcept {
    for (std::size_t i = 0; i < in_place(); ++i) few_[i].~Tensor();
    count_ = 0;
  }
  [[gnu::noinline]] void push_to_heap(Tensor gradient) {
    if (count_ == max_in_place) {
      many_.reserve(2 * max_in_place);
      for (auto& g : few_) many_.push_back(std::move(g));
      for (auto& g : few_) g.~Tensor();
      ++count_;  // more than max_in_place: the gradients in place are gone
      many_.push_back(std::move(gradient));
      return;
    }
    many_.push_back(std::move(gradient));
    ++count_;
  }

  std::size_t count_ = 0;
  union {
    Tensor few_[max_in_place];  ///< all gradients, up to max_in_place
  };
  detail::PoolVector<Tensor> many_;
};

/// For which inputs of an op a gradient is needed. A rule may leave the others empty.
class Needs {
 public:
  explicit Needs(std::span<const bool> wanted) : wanted_(wanted) {}
  bool operator[](std::size_t input) const { return wanted_[input]; }

 private:
  std::span<const bool> wanted_;
};

/// The inputs of an op: `{x}`, `{x, w, b}`, or a vector of tensors. Only refers to them.
class Inputs {
 public:
  struct Reference {
    Reference(const Tensor& t) : impl(t.impl()) {}
    Reference(const Variable& v) : impl(v.value().impl()) {}
    detail::TensorImpl* impl;
  };
  Inputs(std::initializer_list<Reference> inputs) : first_(inputs.begin()), count_(inputs.size()) {}
  Inputs(std::span<const Tensor> inputs) : first_(inputs.data()), count_(inputs.size()) {}
  Inputs(const std::vector<Tensor>& inputs) : first_(inputs.data()), count_(inputs.size()) {}

  std::size_t size() const noexcept { return count_; }
  detail::TensorImpl* operator[](std::size_t i) const noexcept {
    detail::TensorImpl* impl;
    std::memcpy(&impl, static_cast<const std::byte*>(first_) + i * sizeof impl, sizeof impl);
    return impl;
  }

 private:
  static_assert(sizeof(Tensor) == sizeof(void*) && std::is_standard_layout_v<Tensor> &&
                sizeof(Reference) == sizeof(void*) && std::is_standard_layout_v<Reference>);
  const void* first_;  ///< an array of Tensors or References, which are both a single pointer
  std::size_t count_;
};

namespace detail {

/// How a tape copies, moves, destroys and runs a rule, whose type it does not know.
struct RuleTable {
  std::size_t size;  ///< rounded up to a pointer's alignment
  std::size_t alignment;
  void (*copy)(void* to, const void* from);
  void (*move)(void* to, void* from);
  void (*destroy)(void* rule) noexcept;
  Grads (*run)(void* rule, std::span<const Tensor> output_gradients, Needs needs);
};

template <class Rule>
Grads run_rule(void* rule_, std::span<const Tensor> dy, Needs needs) {
  auto& rule = *static_cast<Rule*>(rule_);
  if constexpr (std::is_invocable_v<Rule&, const Tensor&, Needs>) {
    return rule(dy[0], needs);
  } else if constexpr (std::is_invocable_v<Rule&, const Tensor&>) {
    return rule(dy[0]);
  } else if constexpr (std::is_invocable_v<Rule&, std::span<const Tensor>, Needs>) {
    return rule(dy, needs);
  } else {
    return rule(dy);
  }
}

template <class Rule>
inline constexpr RuleTable rule_table{
    (sizeof(Rule) + alignof(void*) - 1) & ~(alignof(void*) - 1),
    alignof(Rule),
    [](void* to, const void* from) { new (to) Rule(*static_cast<const Rule*>(from)); },
    [](void* to, void* from) { new (to) Rule(std::move(*static_cast<Rule*>(from))); },
    [](void* rule) noexcept { static_cast<Rule*>(rule)->~Rule(); },
    &run_rule<Rule>};

class TapeImpl;

bool any_tracked(const Inputs& inputs) noexcept;
/// A bit for each input that a gradient can reach. The highest bit is set if a tape tracks any input or observes ops.
std::uint64_t tracked_bits(const Inputs& inputs) noexcept;

/// Records an op on each tape that tracks one of its inputs. The rule is moved to the last of them, copied to the
/// others. Without a rule gradients end at this op, and tapes only note it for explain().
void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table);

/// The result of record_plain(), which records the common case: one tape, one output, one of the inputs tracked.
struct RulePlace {
  void* rule;             ///< where the caller has to make the rule at once; null in other cases
  std::uint64_t tracked;  ///< a bit for each input that a gradient can reach; 0 if there is nothing to record
};
/// Records such an op without its rule, which must not need more than a pointer's alignment.
RulePlace record_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table);
/// For a rule whose construction failed: the op stays recorded as one without a gradient.
void give_up_rule(const void* place) noexcept;

}  // namespace detail

/// Whether a tape of the calling thread records.
inline bool is_recording() noexcept { return detail::thread_state.innermost_tape != nullptr; }

/// Whether a recording tape tracks one of the inputs, so that record() would record. An op may ask first, to save the
/// copies that its rule captures.
inline bool is_tracked(Inputs inputs) noexcept { return is_recording() && detail::any_tracked(inputs); }

/// Which inputs of an op a gradient can reach, so that its rule captures only what these gradients need: see record().
class Tracked {
 public:
  explicit Tracked(const Inputs& inputs) noexcept : bits_(is_recording() ? detail::tracked_bits(inputs) : 0) {}
  /// For an op that was just recorded.
  explicit Tracked(const detail::RulePlace& place) noexcept : bits_(place.tracked) {}
  /// Whether record() would record.
  explicit operator bool() const noexcept { return bits_ != 0; }
  bool operator[](std::size_t input) const noexcept { return (bits_ >> input & 1) != 0; }
  /// `t` if a gradient can reach that input, otherwise an empty tensor.
  Tensor if_for(std::size_t input, const Tensor& t) const { return (*this)[input] ? t : Tensor(); }

 private:
  std::uint64_t bits_;
};

namespace detail {

template <class R>
concept IsRule =
    std::is_invocable_r_v<Grads, R&, const Tensor&> || std::is_invocable_r_v<Grads, R&, const Tensor&, Needs> ||
    std::is_invocable_r_v<Grads, R&, std::span<const Tensor>> ||
    std::is_invocable_r_v<Grads, R&, std::span<const Tensor>, Needs>;

template <class Make>
auto make_rule(const Make& make, [[maybe_unused]] Tracked tracked) {
  if constexpr (std::is_invocable_v<const Make&, Tracked>) {
    return make(tracked);
  } else {
    return make();
  }
}

template <class M>
using MadeBy = decltype(make_rule(std::declval<const M&>(), std::declval<Tracked>()));
template <class M>
concept MakesSomething = std::is_invocable_v<const M&> || std::is_invocable_v<const M&, Tracked>;
template <class M>
concept IsMaker = !IsRule<M> && MakesSomething<M> && IsRule<MadeBy<M>>;
template <class M>
concept IsRuleOrMaker = IsRule<M> || IsMaker<M>;

/// Records an op and makes its rule directly on the tape, so that nothing is captured needlessly or copied twice.
template <IsMaker Make>
void record_made(const char* name, Inputs inputs, Tensor& output, const Make& make) {
  using Rule = MadeBy<Make>;
  if constexpr (alignof(Rule) <= alignof(void*)) {
    const RulePlace place = record_plain(name, inputs, output, rule_table<Rule>);
    if (place.rule != nullptr) {
      try {
        new (place.rule) Rule(make_rule(make, Tracked(place)));
      } catch (...) {
        give_up_rule(place.rule);
        throw;
      }
      return;
    }
    if (place.tracked == 0) return;
  }
  if (const Tracked tracked(inputs); tracked) {
    Rule rule = make_rule(make, tracked);
    record_outputs(name, inputs, {&output, 1}, &rule, &rule_table<Rule>);
  }
}
template <IsMaker Make>
void record_made(const char* name, Inputs inputs, std::span<Tensor> outputs, const Make& make) {
  using Rule = MadeBy<Make>;
  if (const Tracked tracked(inputs); tracked) {
    Rule rule = make_rule(make, tracked);
    record_outputs(name, inputs, outputs, &rule, &rule_table<Rule>);
  }
}

/// A maker that returns an existing rule.
template <class Rule>
auto maker_of(Rule&& rule) {
  return [&rule]() -> std::remove_cvref_t<Rule> { return std::forward<Rule>(rule); };
}

}  // namespace detail

/// Tells the recording tapes how to differentiate an op that has just computed `output` from `inputs`; users' own ops
/// call it too. Returns the output.
///
///     return record("multiply", {a, b}, a_times_b, [&](Tracked tracked) {
///       return [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](const Tensor& dy, Needs need) {
///         return Grads{need[0] ? dy * b : Tensor(), need[1] ? dy * a : Tensor()};
///       };
///     });
///
/// The inner function is the rule: it maps the gradient of the output to the gradients of the inputs. It has one of
/// these signatures:
///
///     Grads(const Tensor& dy)                            Grads(std::span<const Tensor> dys)
///     Grads(const Tensor& dy, Needs needs)               Grads(std::span<const Tensor> dys, Needs needs)
///
/// It must be copyable and capture by value what it needs. It is written in public ops, so that derivatives of every
/// order work. For an input that the op broadcast, it may return a gradient of the output's shape, which is then summed
/// to the input's shape.
///
/// The outer function makes the rule. It is called at most once, before record() returns, and only if a tape needs the
/// rule. Its parameter is a Tracked, which says which inputs a gradient can reach; it may be omitted. `name` must
/// outlive the tape: use a string literal. Costs one branch when no tape records.
template <detail::IsMaker Make>
Tensor record(const char* name, Inputs inputs, Tensor&& output, Make&& make) {
  if (is_recording()) detail::record_made(name, inputs, output, make);
  return std::move(output);
}
/// The same with the rule itself, for rules that capture nothing or whose captures are cheap compared with the op.
///
///     return record("negative", {x}, minus_x, [](const Tensor& dy) { return Grads{-dy}; });
template <detail::IsRule Rule>
Tensor record(const char* name, Inputs inputs, Tensor&& output, Rule&& rule) {
  if (is_recording()) detail::record_made(name, inputs, output, detail::maker_of(std::forward<Rule>(rule)));
  return std::move(output);
}
template <detail::IsRuleOrMaker RuleOrMaker>
Tensor record(const char* name, Inputs inputs, const Tensor& output, RuleOrMaker&& rule) {
  return record(name, inputs, Tensor(output), std::forward<RuleOrMaker>(rule));
}

/// The same for an op with several outputs. The rule takes a span with one gradient for each output; it is empty for an
/// output that was not used (at least one was).
template <detail::IsRuleOrMaker RuleOrMaker>
void record(const char* name, Inputs inputs, std::span<Tensor> outputs, RuleOrMaker&& rule) {
  if (!is_recording()) return;
  if constexpr (detail::IsMaker<RuleOrMaker>) {
    detail::record_made(name, inputs, outputs, rule);
  } else {
    detail::record_made(name, inputs, outputs, detail::maker_of(std::forward<RuleOrMaker>(rule)));
  }
}

/// Tells the recording tapes that an op has no gradient, such as argmax (TensorFlow's NotDifferentiable), so that
/// GradientTape::explain can name it. Returns the output.
inline Tensor record_no_gradient(const char* name, Inputs inputs, Tensor&& output) {
  if (is_recording()) detail::record_outputs(name, inputs, {&output, 1}, nullptr, nullptr);
  return std::move(output);
}

}  // namespace xtape
