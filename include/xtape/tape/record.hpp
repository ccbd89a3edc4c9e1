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
/// The tapes of the calling thread that record, innermost last; null when there is none.
extern constinit thread_local TapeImpl* innermost_tape;

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

/// Whether a rule may be made in its place: there is no way back from an exception.
template <class Rule>
inline constexpr bool is_plain_rule = std::is_nothrow_move_constructible_v<Rule> && alignof(Rule) <= alignof(void*);

template <class Rule>
void record_rule(const char* name, const Inputs& inputs, std::span<Tensor> outputs, Rule&& rule) {
  using Type = std::remove_cvref_t<Rule>;
  if constexpr (std::is_same_v<Rule, Type>) {
    record_outputs(name, inputs, outputs, &rule, &rule_table<Type>);
  } else {
    record_rule(name, inputs, outputs, Type(rule));
  }
}

template <class Rule>
void record_rule(const char* name, Inputs inputs, Tensor& output, Rule&& rule) {
  using Type = std::remove_cvref_t<Rule>;
  if constexpr (!std::is_same_v<Rule, Type>) {
    record_rule(name, inputs, output, Type(rule));
  } else if constexpr (!is_plain_rule<Type>) {
    record_rule(name, inputs, std::span(&output, 1), std::move(rule));
  } else {
    const RulePlace place = record_plain(name, inputs, output, rule_table<Type>);
    if (place.rule != nullptr) {
      new (place.rule) Type(std::move(rule));
    } else if (place.tracked != 0) {
      record_rule(name, inputs, std::span(&output, 1), std::move(rule));
    }
  }
}

}  // namespace detail

/// Whether a tape of the calling thread records.
inline bool is_recording() noexcept { return detail::innermost_tape != nullptr; }

/// Whether a recording tape follows one of the inputs, so that record() would do something: an op that is often called
/// may ask first and spare itself the copies that its rule captures.
inline bool is_tracked(Inputs inputs) noexcept { return is_recording() && detail::any_tracked(inputs); }

/// Which inputs of an op a gradient can get to, so that its rule captures only what these gradients need:
///
///     const Tracked tracked({a, b});
///     if (!tracked) return y;
///     return record("multiply", {a, b}, std::move(y), [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](...)
///     {...});
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

/// Tells the recording tapes how to differentiate an op that has just computed `output` from `inputs`: the hook of who
/// writes an op. Returns the output.
///
/// `rule` maps the gradient of the output to the gradients of the inputs. It is any of
///     Grads(const Tensor& dy)                            Grads(std::span<const Tensor> dys)
///     Grads(const Tensor& dy, Needs needs)               Grads(std::span<const Tensor> dys, Needs needs)
/// copyable, and written in public ops, which makes every higher order work. It should capture by value what it needs;
/// a capture of a const reference is const and is copied once more on its way to the tape, where `[x = x]` is moved.
/// Where the op broadcast an input, the rule may return the gradient in the output's shape: it is summed to the
/// input's. `name` must outlive the tape: a string literal. Costs one branch when no tape records.
template <class Rule>
Tensor record(const char* name, Inputs inputs, Tensor&& output, Rule&& rule) {
  if (is_recording()) detail::record_rule(name, inputs, output, std::forward<Rule>(rule));
  return std::move(output);
}
template <class Rule>
Tensor record(const char* name, Inputs inputs, const Tensor& output, Rule&& rule) {
  return record(name, inputs, Tensor(output), std::forward<Rule>(rule));
}

/// The same with a rule that is made only if a tape wants it, knowing which gradients it will be asked for: `make`
/// maps a Tracked to the rule, and does not throw. The inputs are looked up once, so this is the fastest way.
///
///     return record_with("multiply", {a, b}, std::move(y), [&](const Tracked& tracked) noexcept {
///       return [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](const Tensor& dy, Needs need) {...};
///     });
template <class Make>
Tensor record_with(const char* name, Inputs inputs, Tensor&& output, const Make& make) {
  using Rule = std::invoke_result_t<const Make&, const Tracked&>;
  static_assert(std::is_nothrow_invocable_v<const Make&, const Tracked&> && detail::is_plain_rule<Rule>);
  if (!is_recording()) return std::move(output);
  const detail::RulePlace place = detail::record_plain(name, inputs, output, detail::rule_table<Rule>);
  if (place.rule != nullptr) {
    new (place.rule) Rule(make(Tracked(place)));
  } else if (place.tracked != 0) {
    if (const Tracked tracked(inputs); tracked) detail::record_rule(name, inputs, std::span(&output, 1), make(tracked));
  }
  return std::move(output);
}

/// The same for an op with several outputs: the rule takes a span with one gradient for each of them, empty where an
/// output was not used (at least one is not).
template <class Rule>
void record(const char* name, Inputs inputs, std::span<Tensor> outputs, Rule&& rule) {
  if (is_recording()) detail::record_rule(name, inputs, outputs, std::forward<Rule>(rule));
}

/// Tells the recording tapes of an op without a gradient, such as argmax (TensorFlow's NotDifferentiable), so that
/// GradientTape::explain can name it. Returns the output.
inline Tensor record_no_gradient(const char* name, Inputs inputs, Tensor&& output) {
  if (is_recording()) detail::record_outputs(name, inputs, {&output, 1}, nullptr, nullptr);
  return std::move(output);
}

}  // namespace xtape
