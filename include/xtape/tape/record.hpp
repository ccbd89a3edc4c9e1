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

/// The gradients that a rule returns: one for each input in the inputs' order; an empty Tensor where an input has none.
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
    if (count_ < most_in_place) {
      new (&few_[count_++]) Tensor(std::move(gradient));
    } else {
      push_behind(std::move(gradient));
    }
  }
  std::size_t size() const noexcept { return count_; }
  Tensor& operator[](std::size_t i) noexcept { return data()[i]; }
  /// All of them, one behind the other.
  Tensor* data() noexcept { return count_ <= most_in_place ? few_ : many_.data(); }

 private:
  static constexpr std::size_t most_in_place = 4;
  const Tensor& at(std::size_t i) const noexcept { return count_ <= most_in_place ? few_[i] : many_[i]; }
  std::size_t in_place() const noexcept { return count_ <= most_in_place ? count_ : 0; }
  void forget() noexcept {
    for (std::size_t i = 0; i < in_place(); ++i) few_[i].~Tensor();
    count_ = 0;
  }
  [[gnu::noinline]] void push_behind(Tensor gradient) {
    if (count_ == most_in_place) {
      many_.reserve(2 * most_in_place);
      for (auto& g : few_) many_.push_back(std::move(g));
      for (auto& g : few_) g.~Tensor();
      ++count_;  // from here on those in place are gone
      many_.push_back(std::move(gradient));
      return;
    }
    many_.push_back(std::move(gradient));
    ++count_;
  }

  std::size_t count_ = 0;
  union {
    Tensor few_[most_in_place];  ///< the first `count_`, as long as there are no more
  };
  detail::PoolVector<Tensor> many_;
};

/// Which inputs of an op a gradient is wanted for: a rule may leave the others empty.
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
  const void* first_;  ///< of Tensors or References: either is a pointer and nothing else
  std::size_t count_;
};

namespace detail {

/// How a tape handles a rule of a type that it does not know.
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
/// A bit for each input that a gradient can get to; the highest bit if a tape knows any of them.
std::uint64_t tracked_bits(const Inputs& inputs) noexcept;

/// Hands an op to the tapes that track one of its inputs; the last of them takes the rule's contents. Without a rule
/// the path of gradients ends here, and the tapes only remember where.
void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table);

/// What became of an op in the usual case: one tape, one output, one of the inputs tracked.
struct RulePlace {
  void* rule;             ///< where its rule is to be made, at once; null if that case is not given
  std::uint64_t tracked;  ///< a bit for each input that a gradient can get to; 0 if there is nothing to record
};
/// Records such an op but for its rule, whose address must suit a pointer.
RulePlace record_plain(const char* name, Inputs inputs, Tensor& output, const RuleTable& table);
/// Where a rule could not be made in its place: the op stays recorded as one without a gradient.
void give_up_rule(const void* place) noexcept;

}  // namespace detail

/// Whether a tape of the calling thread records.
inline bool is_recording() noexcept { return detail::thread_state.innermost_tape != nullptr; }

/// Whether a recording tape follows one of the inputs, so that record() would do something: an op that is often called
/// may ask first and spare itself the copies that its rule captures.
inline bool is_tracked(Inputs inputs) noexcept { return is_recording() && detail::any_tracked(inputs); }

/// Which inputs of an op a gradient can get to, so that its rule captures only what these gradients need: see record().
class Tracked {
 public:
  explicit Tracked(const Inputs& inputs) noexcept : bits_(is_recording() ? detail::tracked_bits(inputs) : 0) {}
  /// Of an op that was just recorded.
  explicit Tracked(const detail::RulePlace& place) noexcept : bits_(place.tracked) {}
  /// Whether record() would do something.
  explicit operator bool() const noexcept { return bits_ != 0; }
  bool operator[](std::size_t input) const noexcept { return (bits_ >> input & 1) != 0; }
  /// The tensor if the gradient of that input may be asked for, otherwise an empty one.
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

/// Records an op whose rule is made only now, in its place on the tape: nothing is captured in vain or copied again.
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

/// The maker of a rule that is there already.
template <class Rule>
auto maker_of(Rule&& rule) {
  return [&rule]() -> std::remove_cvref_t<Rule> { return std::forward<Rule>(rule); };
}

}  // namespace detail

/// Tells the recording tapes how to differentiate an op that has just computed `output` from `inputs`: the hook of who
/// writes an op. Returns the output.
///
///     return record("multiply", {a, b}, a_times_b, [&](Tracked tracked) {
///       return [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](const Tensor& dy, Needs need) {
///         return Grads{need[0] ? dy * b : Tensor(), need[1] ? dy * a : Tensor()};
///       };
///     });
///
/// The inner function is the rule: it maps the gradient of the output to the gradients of the inputs. It is any of
///     Grads(const Tensor& dy)                            Grads(std::span<const Tensor> dys)
///     Grads(const Tensor& dy, Needs needs)               Grads(std::span<const Tensor> dys, Needs needs)
/// copyable, captures by value what it needs, and is written in public ops, which makes every higher order work. Where
/// the op broadcast an input, the rule may return the gradient in the output's shape: it is summed to the input's.
///
/// The outer function makes the rule, at most once, before record() returns, and only if a tape wants it. It may take a
/// Tracked, which says for which inputs a gradient can be asked for, or nothing: `[&] { return [y](const Tensor& dy)
/// {...}; }`. `name` must outlive the tape: a string literal. Costs one branch when no tape records.
template <detail::IsMaker Make>
Tensor record(const char* name, Inputs inputs, Tensor&& output, Make&& make) {
  if (is_recording()) detail::record_made(name, inputs, output, make);
  return std::move(output);
}
/// The same with the rule itself, for one that captures nothing, or where its captures cost nothing beside the op.
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

/// The same for an op with several outputs: the rule takes a span with one gradient for each of them, empty where an
/// output was not used (at least one is not).
template <detail::IsRuleOrMaker RuleOrMaker>
void record(const char* name, Inputs inputs, std::span<Tensor> outputs, RuleOrMaker&& rule) {
  if (!is_recording()) return;
  if constexpr (detail::IsMaker<RuleOrMaker>) {
    detail::record_made(name, inputs, outputs, rule);
  } else {
    detail::record_made(name, inputs, outputs, detail::maker_of(std::forward<RuleOrMaker>(rule)));
  }
}

/// Tells the recording tapes of an op without a gradient, such as argmax (TensorFlow's NotDifferentiable), so that
/// GradientTape::explain can name it. Returns the output.
inline Tensor record_no_gradient(const char* name, Inputs inputs, Tensor&& output) {
  if (is_recording()) detail::record_outputs(name, inputs, {&output, 1}, nullptr, nullptr);
  return std::move(output);
}

}  // namespace xtape
