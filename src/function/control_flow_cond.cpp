#include <array>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "core/shapes_only.hpp"
#include "function/control_flow.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/control_flow.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::CapturedSources;
using detail::SubProgram;

constexpr const char* op = "cond";

using Branch = std::function<TensorList()>;

/// Two branches that are traced, functions of the same arguments, with the two that find their gradients, and so on, as
/// far as tapes can ask for: the users' functions do not run again, since what they capture may be gone.
struct TracedCond {
  std::shared_ptr<SubProgram> branches[2];  ///< false, true
  std::shared_ptr<const TracedCond> back;   ///< null: there is no gradient
  std::vector<std::size_t> floating_arguments, floating_results;
  CapturedSources captured[2];
};

void check_branches(const std::vector<SubProgram::Result>& a, const std::vector<SubProgram::Result>& b) {
  if (a.size() != b.size()) {
    detail::fail<ValueError>(op, "expected branches that return equally many tensors, received {} and {}", a.size(),
                             b.size());
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].dtype == b[i].dtype && a[i].shape == b[i].shape) continue;
    detail::fail<ValueError>(op, "result {}: expected the same from both branches, received {} {} and {} {}", i,
                             a[i].dtype, a[i].shape, b[i].dtype, b[i].shape);
  }
}

/// {arguments, gradients of the results} -> the gradients of one branch for its floating arguments, and for what either
/// captures, which are zero for the other.
SubProgram::Body back_body(const SubProgram::Body& branch, const TracedCond& of, int which, std::size_t arguments) {
  return [branch, arguments, which, targets = of.floating_results, floating = of.floating_arguments.size(),
          captured = std::array{of.captured[0], of.captured[1]}](const TensorList& in) {
    const auto middle = in.begin() + static_cast<std::ptrdiff_t>(arguments);
    const auto& own = captured[static_cast<std::size_t>(which)];
    const Tensors found = detail::vector_jacobian_products(branch, TensorList(Tensors(in.begin(), middle)), own,
                                                           targets, Tensors(middle, in.end()));
    const auto of_captured = found.begin() + static_cast<std::ptrdiff_t>(floating);
    TensorList all(Tensors(found.begin(), of_captured));
    for (int i = 0; i < 2; ++i) {
      if (i == which) all.insert(all.end(), of_captured, found.end());
      const auto& other = captured[static_cast<std::size_t>(i)];
      for (std::size_t k = 0; i != which && k < other.size(); ++k) all.push_back(zeros_like(other.value(k)));
    }
    return all;
  };
}

/// Traces both branches for arguments like these, for derivatives up to this order. Null if that is not possible.
std::shared_ptr<const TracedCond> trace_cond(const std::array<SubProgram::Body, 2>& bodies, const Tensors& like,
                                             int order, std::string& obstacle) {
  TracedCond traced;
  for (std::size_t i = 0; i < 2; ++i) {
    traced.branches[i] = SubProgram::trace(bodies[i], like, obstacle);
    if (traced.branches[i] == nullptr) return nullptr;
    if (order > 0 && traced.branches[i]->has_state()) {
      obstacle = "a branch draws random numbers or changes something, and would do so again for the gradient";
      return nullptr;
    }
  }
  const auto& results = traced.branches[1]->results();
  check_branches(results, traced.branches[0]->results());
  if (order > 0) {
    for (std::size_t i = 0; i < 2; ++i) {
      traced.captured[i] = CapturedSources(traced.branches[i]->captured(), traced.branches[i]->captured_values());
    }
    traced.floating_arguments = detail::floating_places(like);
    Tensors back_like = like;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!is_floating(results[i].dtype)) continue;
      traced.floating_results.push_back(i);
      back_like.push_back(detail::without_elements(results[i]));
    }
    const std::array<SubProgram::Body, 2> back{back_body(bodies[0], traced, 0, like.size()),
                                               back_body(bodies[1], traced, 1, like.size())};
    traced.back = trace_cond(back, back_like, order - 1, obstacle);
    if (traced.back == nullptr) return nullptr;
  }
  return std::make_shared<const TracedCond>(std::move(traced));
}

Tensors as_step(const std::shared_ptr<const TracedCond>& traced, const Tensor& pred, const Tensors& arguments);

struct CondRule {
  std::shared_ptr<const TracedCond> traced;
  std::array<CapturedSources, 2> captured;
  std::array<std::size_t, 2> everything_captured;
  Tensor pred;
  Tensors arguments, outputs;

  Grads operator()(std::span<const Tensor> dys) const {
    if (traced->back == nullptr) detail::fail_order(op);
    Tensors in = arguments;
    for (const std::size_t i : traced->floating_results) {
      in.push_back(detail::or_zeros(dys[i], outputs[i]));
    }
    for (const auto& each : captured) each.check_unchanged(op);
    const Tensors found = as_step(traced->back, pred, in);
    std::vector<Tensor> all(1 + arguments.size() + everything_captured[0] + everything_captured[1]);
    std::size_t next = 0, begin = 1;
    for (const std::size_t i : traced->floating_arguments) all[begin + i] = found[next++];
    begin += arguments.size();
    for (std::size_t branch = 0; branch < 2; ++branch) {
      for (std::size_t i = 0; i < captured[branch].size(); ++i) all[begin + captured[branch].place(i)] = found[next++];
      begin += everything_captured[branch];
    }
    return detail::grads_of(std::move(all));
  }
};

/// Both branches as one step.
Tensors as_step(const std::shared_ptr<const TracedCond>& traced, const Tensor& pred, const Tensors& arguments) {
  const auto& branches = traced->branches;
  const std::array<Tensors, 2> read{branches[0]->captured_values(), branches[1]->captured_values()};
  const std::array<std::size_t, 2> counts{read[0].size(), read[1].size()};
  Tensors inputs{pred};
  inputs.insert(inputs.end(), arguments.begin(), arguments.end());
  for (const Tensors& each : read) inputs.insert(inputs.end(), each.begin(), each.end());
  detail::Kernel kernel = [traced, counts, count = arguments.size()](const detail::Operands& of) {
    const std::size_t chosen = *detail::host_read(op, of[0]).data<bool>() ? 1 : 0;
    Tensors given, captured;
    for (std::size_t i = 0; i < count; ++i) given.push_back(of[1 + i]);
    const std::size_t first = 1 + count + (chosen == 1 ? counts[0] : 0);
    for (std::size_t i = 0; i < counts[chosen]; ++i) captured.push_back(of[first + i]);
    const Tensors results = traced->branches[chosen]->run(given, captured);
    for (std::size_t i = 0; i < results.size(); ++i) {
      detail::copy_to_row(results[i], of[1 + count + counts[0] + counts[1] + i], 0);
    }
  };
  Tensors outputs = detail::launch_program(std::move(kernel), inputs, branches[0]->results(),
                                           branches[0]->has_state() || branches[1]->has_state());
  record(op, std::span<const Tensor>(inputs), std::span<Tensor>(outputs), [&] {
    return CondRule{
        traced,
        {CapturedSources(branches[0]->captured(), read[0]), CapturedSources(branches[1]->captured(), read[1])},
        counts,
        pred,
        arguments,
        outputs};
  });
  return outputs;
}

}  // namespace

TensorList cond(const Tensor& pred, const Branch& true_fn, const Branch& false_fn) {
  detail::check_condition(op, pred);
  detail::Tracer* const tracer = detail::thread_state.tracer;
  if (detail::becomes_step() && !static_cast<detail::TraceBuilder*>(tracer)->is_known(*pred.impl())) {
    std::string obstacle;
    const std::array<SubProgram::Body, 2> bodies{[&](const TensorList&) { return false_fn(); },
                                                 [&](const TensorList&) { return true_fn(); }};
    if (const auto traced = trace_cond(bodies, {}, detail::recordable_order(), obstacle)) {
      return TensorList(as_step(traced, pred, {}));
    }
    tracer->give_up(fmt::format("a cond() whose branches cannot be traced: {}", obstacle));
  }
  // Where only shapes are computed, either branch will do.
  if (detail::only_shapes() && !detail::has_elements(pred)) return true_fn();
  return *detail::host_read(op, pred).data<bool>() ? true_fn() : false_fn();
}

}  // namespace xtape
