#include "base/check.hpp"
#include "core/launch.hpp"
#include "core/shapes_only.hpp"
#include "function/control_flow.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/control_flow.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::CapturedSources;
using detail::SubProgram;

constexpr const char* op = "while_loop";

using Programs = std::shared_ptr<SubProgram>;

Tensors from(const detail::Operands& of, std::size_t begin, std::size_t count) {
  Tensors tensors;
  for (std::size_t i = 0; i < count; ++i) tensors.push_back(of[begin + i]);
  return tensors;
}

void append(Tensors& to, std::span<const Tensor> tensors) { to.insert(to.end(), tensors.begin(), tensors.end()); }

/// A loop that is traced. `back` maps {variables before a step, gradients after it, sums of the gradients of what is
/// captured} to {gradients before it, sums}; null: there is no gradient.
struct TracedWhile {
  Programs condition, body, back;
  std::vector<std::size_t> floating;
  CapturedSources captured;
};

/// Traces both functions, for a gradient if `order` is above 0. Null if that is not possible.
std::shared_ptr<const TracedWhile> trace_while(const SubProgram::Body& condition, const SubProgram::Body& body,
                                               const Tensors& init, int order, std::string& obstacle) {
  TracedWhile traced;
  traced.condition = SubProgram::trace(condition, init, obstacle);
  if (traced.condition == nullptr) return nullptr;
  traced.body = SubProgram::trace(body, init, obstacle);
  if (traced.body == nullptr) return nullptr;
  if (order > 0) {
    if (traced.body->has_state()) {
      obstacle = "its body draws random numbers or changes something, and would do so again for the gradient";
      return nullptr;
    }
    traced.captured = CapturedSources(traced.body->captured(), traced.body->captured_values());
    traced.floating = detail::floating_places(init);
    Tensors like = init;
    for (const std::size_t i : traced.floating) like.push_back(init[i]);
    for (std::size_t i = 0; i < traced.captured.size(); ++i) like.push_back(traced.captured.value(i));
    const std::size_t variables = init.size(), n = traced.floating.size(), sums = traced.captured.size();
    const SubProgram::Body back = [&](const TensorList& in) -> TensorList {
      const auto at = [&](std::size_t i) { return in.begin() + static_cast<std::ptrdiff_t>(i); };
      TensorList found(detail::vector_jacobian_products(body, TensorList(Tensors(in.begin(), at(variables))),
                                                        traced.captured, traced.floating,
                                                        Tensors(at(variables), at(variables + n))));
      for (std::size_t i = 0; i < sums; ++i) found[n + i] = in[variables + n + i] + found[n + i];
      return found;
    };
    traced.back = SubProgram::trace(back, like, obstacle);
    if (traced.back == nullptr) return nullptr;
  }
  return std::make_shared<const TracedWhile>(std::move(traced));
}

/// The loop again, then backwards: the gradients of the floating variables, and of what the body captures.
Tensors gradients(const std::shared_ptr<const TracedWhile>& traced, const Tensors& init, const Tensors& read_by_body,
                  const Tensor& count, const Tensors& dys) {
  const Tensors read_by_back = traced->back->captured_values();
  Tensors inputs = init;
  append(inputs, read_by_body);
  append(inputs, read_by_back);
  append(inputs, dys);
  inputs.push_back(count);
  const std::size_t variables = init.size(), n_body = read_by_body.size(), n_back = read_by_back.size(),
                    n_dys = dys.size();
  detail::Kernel kernel = [=](const detail::Operands& of) {
    const Tensors of_body = from(of, variables, n_body), of_back = from(of, variables + n_body, n_back);
    const std::size_t outputs = variables + n_body + n_back + n_dys + 1;
    const std::int64_t steps = *detail::host_read(op, of[outputs - 1]).data<std::int64_t>();
    std::vector<Tensors> before{from(of, 0, variables)};
    for (std::int64_t step = 1; step < steps; ++step) before.push_back(traced->body->run(before.back(), of_body));
    Tensors carried = from(of, variables + n_body + n_back, n_dys);
    for (std::size_t i = 0; i < traced->captured.size(); ++i) carried.push_back(zeros_like(of[outputs + n_dys + i]));
    for (std::int64_t step = 0; step < steps; ++step) {
      Tensors arguments = std::move(before.back());
      before.pop_back();
      append(arguments, carried);
      carried = traced->back->run(arguments, of_back);
    }
    for (std::size_t i = 0; i < carried.size(); ++i) detail::copy_to_row(carried[i], of[outputs + i], 0);
  };
  Tensors outputs = detail::launch_program(std::move(kernel), inputs, traced->back->results(), false);
  record(op, std::span<const Tensor>(inputs), std::span<Tensor>(outputs), [] {
    return [](std::span<const Tensor>) -> Grads {
      detail::fail<RuntimeError>(
          op, "inside function() it has first derivatives only: fori_loop and scan have those of higher order");
    };
  });
  return outputs;
}

struct WhileRule {
  std::shared_ptr<const TracedWhile> traced;
  CapturedSources captured;
  Tensors init, read_by_body;
  std::size_t read_by_condition;
  Tensor count;

  Grads operator()(std::span<const Tensor> dys) const {
    if (traced->back == nullptr) detail::fail_order(op);
    captured.check_unchanged(op);
    Tensors given;
    for (const std::size_t i : traced->floating) given.push_back(detail::or_zeros(dys[i], init[i]));
    const Tensors found = gradients(traced, init, read_by_body, count, given);
    std::vector<Tensor> all(init.size() + read_by_condition + read_by_body.size());
    for (std::size_t i = 0; i < given.size(); ++i) all[traced->floating[i]] = found[i];
    for (std::size_t i = 0; i < captured.size(); ++i) {
      all[init.size() + read_by_condition + captured.place(i)] = found[given.size() + i];
    }
    return detail::grads_of(std::move(all));
  }
};

TensorList as_step(const std::shared_ptr<const TracedWhile>& traced, const Tensors& init,
                   const WhileLoopOptions& options) {
  const Tensors read_by_condition = traced->condition->captured_values();
  const Tensors read_by_body = traced->body->captured_values();
  Tensors inputs = init;
  append(inputs, read_by_condition);
  append(inputs, read_by_body);
  std::vector<SubProgram::Result> results = traced->body->results();
  results.push_back({int64, {}});  // the number of iterations
  const std::size_t variables = init.size(), n_condition = read_by_condition.size(), n_body = read_by_body.size();
  detail::Kernel kernel = [=, most = options.maximum_iterations](const detail::Operands& of) {
    Tensors now = from(of, 0, variables);
    const Tensors of_condition = from(of, variables, n_condition), of_body = from(of, variables + n_condition, n_body);
    std::int64_t steps = 0;
    while (most < 0 || steps < most) {
      const Tensors goes_on = traced->condition->run(now, of_condition);
      if (!*detail::host_read(op, goes_on[0]).data<bool>()) break;
      now = traced->body->run(now, of_body);
      ++steps;
    }
    const std::size_t outputs = variables + n_condition + n_body;
    for (std::size_t i = 0; i < variables; ++i) detail::copy_to_row(now[i], of[outputs + i], 0);
    *detail::host_write(op, of[outputs + variables]).data<std::int64_t>() = steps;
  };
  Tensors outputs = detail::launch_program(std::move(kernel), inputs, results,
                                           traced->condition->has_state() || traced->body->has_state());
  const Tensor count = outputs.back();
  outputs.pop_back();
  record(op, std::span<const Tensor>(inputs), std::span<Tensor>(outputs), [&] {
    return WhileRule{traced, CapturedSources(traced->body->captured(), read_by_body), init, read_by_body, n_condition,
                     count};
  });
  return TensorList(outputs);
}

}  // namespace

TensorList while_loop(const std::function<Tensor(const TensorList&)>& condition,
                      const std::function<TensorList(const TensorList&)>& body, const TensorList& loop_vars,
                      const WhileLoopOptions& options) {
  for (std::size_t i = 0; i < loop_vars.size(); ++i) {
    if (!loop_vars[i].defined()) detail::fail<ValueError>(op, "loop_vars[{}] is an empty tensor", i);
  }
  const auto checked_condition = [condition](const TensorList& x) -> TensorList {
    return detail::check_condition(op, condition(x));
  };
  const auto checked_body = [body, loop_vars](const TensorList& x) {
    TensorList after = body(x);
    detail::check_same(op, loop_vars, detail::results_of(after));
    return after;
  };
  if (detail::becomes_step()) {
    std::string obstacle;
    if (const auto traced =
            trace_while(checked_condition, checked_body, loop_vars, detail::recordable_order(), obstacle)) {
      return as_step(traced, loop_vars, options);
    }
    detail::thread_state.tracer->give_up(fmt::format("a while_loop() that cannot be traced: {}", obstacle));
  }
  TensorList x = loop_vars;
  if (detail::only_shapes()) {
    (void)checked_condition(x);
    return checked_body(x);
  }
  for (std::int64_t i = 0; options.maximum_iterations < 0 || i < options.maximum_iterations; ++i) {
    if (!*detail::host_read(op, checked_condition(x).only()).data<bool>()) break;
    x = checked_body(x);
  }
  return x;
}

}  // namespace xtape
