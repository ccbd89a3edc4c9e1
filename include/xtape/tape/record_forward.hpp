#pragma once

#include <span>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/tape/record.hpp"

// How an op is differentiated in forward mode (see ForwardAccumulator): record() with one more argument. An op that is
// recorded without it works too, through its gradient rule, at the cost of about two gradients.
namespace xtape {

/// How the inputs of an op move, one tensor for each input; empty for an input that does not move. At least one does.
using Tangents = std::span<const Tensor>;

namespace detail {

/// The forward rule of an op that is being recorded. Only refers to the function.
struct ForwardRule {
  const void* jvp = nullptr;
  /// The tangents of the outputs, empty for those that do not move. Null for an elementwise op, whose gradient rule
  /// does both.
  Tensors (*run)(const void* jvp, Tangents tangents) = nullptr;
};

template <class J>
concept IsJvp = std::is_invocable_r_v<Tensor, const J&, const Tensor&> ||
    std::is_invocable_r_v<Tensor, const J&, Tangents> || std::is_invocable_r_v<Tensors, const J&, Tangents>;

template <IsJvp Jvp>
ForwardRule forward_rule(const Jvp& jvp) {
  return {&jvp, [](const void* function, Tangents tangents) {
            const Jvp& call = *static_cast<const Jvp*>(function);
            if constexpr (std::is_invocable_r_v<Tensor, const Jvp&, const Tensor&>) {
              return Tensors{call(tangents[0])};
            } else if constexpr (std::is_invocable_r_v<Tensor, const Jvp&, Tangents>) {
              return Tensors{call(tangents)};
            } else {
              return call(tangents);
            }
          }};
}

/// record_outputs() for an op with a forward rule.
void record_outputs(const char* name, const Inputs& inputs, std::span<Tensor> outputs, void* rule,
                    const RuleTable* table, const ForwardRule* forward);

template <IsMaker Make>
void record_made(const char* name, Inputs inputs, std::span<Tensor> outputs, const Make& make,
                 const ForwardRule& forward) {
  if (const Tracked tracked(inputs); tracked) {
    auto rule = make_rule(make, tracked);
    record_outputs(name, inputs, outputs, &rule, &rule_table<MadeBy<Make>>, &forward);
  }
}
/// As in record.hpp: where one tape alone records, which is no accumulator, the rule is made directly on it.
template <IsMaker Make>
void record_made(const char* name, Inputs inputs, Tensor& output, const Make& make, const ForwardRule& forward) {
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
  record_made(name, inputs, std::span<Tensor>(&output, 1), make, forward);
}

/// For one output or a span of them.
template <IsRuleOrMaker RuleOrMaker, class Outputs>
void record_forward(const ForwardRule& forward, const char* name, Inputs inputs, Outputs& outputs, RuleOrMaker&& rule) {
  if (!is_recording()) return;
  if constexpr (IsMaker<RuleOrMaker>) {
    record_made(name, inputs, outputs, rule, forward);
  } else {
    record_made(name, inputs, outputs, maker_of(std::forward<RuleOrMaker>(rule)), forward);
  }
}

}  // namespace detail

/// record() for an op that can also be differentiated in forward mode. `jvp` maps the tangents of the inputs to that of
/// the output; it is called at most once, before record() returns, and only in forward mode, so it may capture by
/// reference. It is written in public ops, so that derivatives of every order work. It has one of these signatures:
///
///     Tensor(const Tensor& tangent)          for an op of one input
///     Tensor(Tangents tangents)              empty for inputs that do not move
///     Tensors(Tangents tangents)             for an op with several outputs; empty for outputs that do not move
///
///     return record("reverse", {x}, y, rule, [&](const Tensor& t) { return reverse(t, axes); });
template <detail::IsRuleOrMaker RuleOrMaker, detail::IsJvp Jvp>
Tensor record(const char* name, Inputs inputs, Tensor&& output, RuleOrMaker&& rule, const Jvp& jvp) {
  detail::record_forward(detail::forward_rule(jvp), name, inputs, output, std::forward<RuleOrMaker>(rule));
  return std::move(output);
}
template <detail::IsRuleOrMaker RuleOrMaker, detail::IsJvp Jvp>
Tensor record(const char* name, Inputs inputs, const Tensor& output, RuleOrMaker&& rule, const Jvp& jvp) {
  return record(name, inputs, Tensor(output), std::forward<RuleOrMaker>(rule), jvp);
}
template <detail::IsRuleOrMaker RuleOrMaker, detail::IsJvp Jvp>
void record(const char* name, Inputs inputs, std::span<Tensor> outputs, RuleOrMaker&& rule, const Jvp& jvp) {
  detail::record_forward(detail::forward_rule(jvp), name, inputs, outputs, std::forward<RuleOrMaker>(rule));
}

/// record() for an op that is elementwise, with broadcasting, and whose floating inputs have the dtype of its output:
/// its Jacobian is diagonal, so its gradient rule also gives its derivative in forward mode.
///
///     return record_elementwise("exp", {x}, y, [&] { return [y](const Tensor& dy) { return Grads{dy * y}; }; });
template <detail::IsRuleOrMaker RuleOrMaker>
Tensor record_elementwise(const char* name, Inputs inputs, Tensor&& output, RuleOrMaker&& rule) {
  detail::record_forward({}, name, inputs, output, std::forward<RuleOrMaker>(rule));
  return std::move(output);
}
template <detail::IsRuleOrMaker RuleOrMaker>
Tensor record_elementwise(const char* name, Inputs inputs, const Tensor& output, RuleOrMaker&& rule) {
  return record_elementwise(name, inputs, Tensor(output), std::forward<RuleOrMaker>(rule));
}
template <detail::IsRuleOrMaker RuleOrMaker>
void record_elementwise(const char* name, Inputs inputs, std::span<Tensor> outputs, RuleOrMaker&& rule) {
  detail::record_forward({}, name, inputs, outputs, std::forward<RuleOrMaker>(rule));
}

}  // namespace xtape
