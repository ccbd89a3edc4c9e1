#include <algorithm>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "core/shapes_only.hpp"
#include "function/control_flow.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/function/control_flow.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::CapturedSources;
using detail::SubProgram;

constexpr const char* op = "scan";

using ScanBody = std::function<std::pair<TensorList, TensorList>(const TensorList&, const TensorList&)>;

/// A loop: its body from {carry, x} to {carry, y}, and how many steps it takes.
struct Loop {
  SubProgram::Body body;
  std::size_t carries;
  std::int64_t steps;
  bool reverse;
  std::int64_t place(std::int64_t step) const { return reverse ? steps - 1 - step : step; }
};

/// A loop whose body is traced, with the loop that finds its gradients, and so on, as far as tapes can ask for: the
/// user's function does not run again, since what it captures may be gone.
struct TracedLoop {
  Loop loop;  ///< without its body
  std::shared_ptr<SubProgram> body;
  std::shared_ptr<const TracedLoop> back;  ///< null: there is no gradient
  /// For `back`: the body has the carry before each step as its last outputs.
  std::size_t outputs = 0;  ///< without these
  std::vector<std::size_t> floating_carries, floating_xs, floating_outputs;
  bool with_kept = false;  ///< gradients can reach the carry before each step
  CapturedSources captured;
};

Tensors part(std::span<const Tensor> tensors, std::size_t begin, std::size_t count) {
  return Tensors(tensors.begin() + static_cast<std::ptrdiff_t>(begin),
                 tensors.begin() + static_cast<std::ptrdiff_t>(begin + count));
}

Shape row_shape(const Tensor& x) {
  const auto sizes = x.shape();
  return Shape(std::span(sizes.begin() + 1, sizes.end()));
}
Shape stacked_shape(const Shape& row, std::int64_t steps) {
  std::vector<std::int64_t> sizes{steps};
  sizes.insert(sizes.end(), row.begin(), row.end());
  return Shape(sizes);
}

/// Tensors as the body gets them, for their dtypes and shapes.
Tensors like_arguments(const TensorList& init, const TensorList& xs) {
  Tensors like(init.begin(), init.end());
  for (const Tensor& x : xs) like.push_back(detail::without_elements({x.dtype(), row_shape(x)}));
  return like;
}

/// The body of the loop that finds the gradients, in the other direction. Its carry are the gradients of the carry and
/// sums of those of what is captured, its xs the carry and x of each step and the gradients of the outputs.
SubProgram::Body back_body(const SubProgram::Body& body, const TracedLoop& of, std::size_t xs) {
  std::vector<std::size_t> targets = of.floating_carries;
  for (const std::size_t i : of.floating_outputs) targets.push_back(of.loop.carries + i);
  return [body, sources = of.captured, targets, arguments = of.loop.carries + xs, count = of.floating_carries.size(),
          outputs = of.floating_outputs.size(), with_kept = of.with_kept](const TensorList& in) -> TensorList {
    const std::size_t sums = sources.size(), carries = count + sums;
    Tensors given = part(in, 0, count);
    const Tensors of_outputs = part(in, carries + arguments, outputs);
    given.insert(given.end(), of_outputs.begin(), of_outputs.end());
    Tensors found =
        detail::vector_jacobian_products(body, TensorList(part(in, carries, arguments)), sources, targets, given);
    for (std::size_t i = 0; with_kept && i < count; ++i) found[i] = found[i] + in[carries + arguments + outputs + i];
    // {carry, x, captured} -> {carry, sums of captured, x}
    const std::size_t of_xs = found.size() - carries;
    TensorList out(part(found, 0, count));
    for (std::size_t i = 0; i < sums; ++i) out.push_back(in[count + i] + found[count + of_xs + i]);
    const Tensors dxs = part(found, count, of_xs);
    out.insert(out.end(), dxs.begin(), dxs.end());
    return out;
  };
}

/// Traces the body for arguments like these, for derivatives up to this order. Null if that is not possible.
std::shared_ptr<const TracedLoop> trace_loop(const Loop& loop, const Tensors& like, int order, std::string& obstacle) {
  TracedLoop traced;
  traced.loop = {nullptr, loop.carries, loop.steps, loop.reverse};
  SubProgram::Body body = loop.body;
  if (order > 0) {
    body = [f = loop.body, carries = loop.carries](const TensorList& in) {
      TensorList out = f(in);
      for (std::size_t i = 0; i < carries; ++i) out.push_back(in[i]);
      return out;
    };
  }
  traced.body = SubProgram::trace(body, like, obstacle);
  if (traced.body == nullptr) return nullptr;
  if (order > 0 && traced.body->has_state()) {
    obstacle = "it draws random numbers or changes something, and would do so again for the gradient";
    return nullptr;
  }
  const auto& results = traced.body->results();
  detail::check_same(op, std::span(like).first(loop.carries),
                     std::span(results).first(std::min(loop.carries, results.size())));
  traced.outputs = results.size() - (order > 0 ? 2 : 1) * loop.carries;
  if (order > 0) {
    traced.captured = CapturedSources(traced.body->captured(), traced.body->captured_values());
    traced.with_kept = order > 1;
    const std::span<const Tensor> carry(like.data(), loop.carries), xs = std::span(like).subspan(loop.carries);
    traced.floating_carries = detail::floating_places(carry);
    traced.floating_xs = detail::floating_places(xs);
    for (std::size_t i = 0; i < traced.outputs; ++i) {
      if (is_floating(results[loop.carries + i].dtype)) traced.floating_outputs.push_back(i);
    }
    Tensors back_like;
    for (const std::size_t i : traced.floating_carries) back_like.push_back(carry[i]);
    for (std::size_t i = 0; i < traced.captured.size(); ++i) back_like.push_back(traced.captured.value(i));
    const std::size_t back_carries = back_like.size();
    back_like.insert(back_like.end(), like.begin(), like.end());
    for (const std::size_t i : traced.floating_outputs) {
      back_like.push_back(detail::without_elements(results[loop.carries + i]));
    }
    for (const std::size_t i : traced.floating_carries) {
      if (traced.with_kept) back_like.push_back(carry[i]);
    }
    const Loop back{back_body(loop.body, traced, xs.size()), back_carries, loop.steps, !loop.reverse};
    traced.back = trace_loop(back, back_like, order - 1, obstacle);
    if (traced.back == nullptr) return nullptr;
  }
  return std::make_shared<const TracedLoop>(std::move(traced));
}

ScanResult as_step(const std::shared_ptr<const TracedLoop>& traced, const TensorList& init, const TensorList& xs);

/// The gradients of a loop, by the loop back.
struct ScanRule {
  std::shared_ptr<const TracedLoop> traced;
  CapturedSources captured;
  std::size_t everything_captured;
  TensorList init, xs, outputs;  ///< outputs: {ys, the carry before each step}

  Grads operator()(std::span<const Tensor> dys) const {
    if (traced->back == nullptr) detail::fail_order(op);
    captured.check_unchanged(op);
    const std::size_t carries = init.size(), ys = traced->outputs;
    TensorList first, each;
    for (const std::size_t i : traced->floating_carries) first.push_back(detail::or_zeros(dys[i], init[i]));
    for (std::size_t i = 0; i < captured.size(); ++i) first.push_back(zeros_like(captured.value(i)));
    for (std::size_t i = 0; i < carries; ++i) each.push_back(outputs[ys + i]);
    each.insert(each.end(), xs.begin(), xs.end());
    for (const std::size_t i : traced->floating_outputs) each.push_back(detail::or_zeros(dys[carries + i], outputs[i]));
    for (const std::size_t i : traced->floating_carries) {
      if (traced->with_kept) each.push_back(detail::or_zeros(dys[carries + ys + i], outputs[ys + i]));
    }
    const ScanResult found = as_step(traced->back, first, each);
    std::vector<Tensor> all(carries + xs.size() + everything_captured);
    const std::size_t count = traced->floating_carries.size();
    for (std::size_t i = 0; i < count; ++i) all[traced->floating_carries[i]] = found.carry[i];
    for (std::size_t i = 0; i < traced->floating_xs.size(); ++i) all[carries + traced->floating_xs[i]] = found.ys[i];
    for (std::size_t i = 0; i < captured.size(); ++i) {
      all[carries + xs.size() + captured.place(i)] = found.carry[count + i];
    }
    return detail::grads_of(std::move(all));
  }
};

/// A traced loop as one step.
ScanResult as_step(const std::shared_ptr<const TracedLoop>& traced, const TensorList& init, const TensorList& xs) {
  const Loop& loop = traced->loop;
  const std::shared_ptr<SubProgram>& body = traced->body;
  const Tensors captured = body->captured_values();
  Tensors inputs(init.begin(), init.end());
  inputs.insert(inputs.end(), xs.begin(), xs.end());
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  std::vector<SubProgram::Result> results = body->results();
  for (std::size_t i = loop.carries; i < results.size(); ++i) {
    results[i].shape = stacked_shape(results[i].shape, loop.steps);
  }
  std::vector<Shape> rows;
  for (const Tensor& x : xs) rows.push_back(row_shape(x));
  detail::Kernel kernel = [loop, body, rows, captured_count = captured.size()](const detail::Operands& of) {
    const std::size_t outputs = loop.carries + rows.size() + captured_count;
    Tensors arguments, read;
    for (std::size_t i = 0; i < loop.carries; ++i) arguments.push_back(of[i]);
    arguments.resize(loop.carries + rows.size());
    for (std::size_t i = 0; i < captured_count; ++i) read.push_back(of[loop.carries + rows.size() + i]);
    for (std::int64_t step = 0; step < loop.steps; ++step) {
      const std::int64_t place = loop.place(step);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Tensor& x = of[loop.carries + i];
        const std::int64_t bytes = rows[i].numel() * static_cast<std::int64_t>(itemsize(x.dtype()));
        arguments[loop.carries + i] = detail::make_view_as(x, rows[i], x.dtype(), place * bytes);
      }
      const Tensors made = body->run(arguments, read);
      std::copy_n(made.begin(), loop.carries, arguments.begin());
      for (std::size_t i = loop.carries; i < made.size(); ++i) detail::copy_to_row(made[i], of[outputs + i], place);
    }
    for (std::size_t i = 0; i < loop.carries; ++i) detail::copy_to_row(arguments[i], of[outputs + i], 0);
  };
  Tensors outputs = detail::launch_program(std::move(kernel), inputs, results, body->has_state());
  record(op, std::span<const Tensor>(inputs), std::span<Tensor>(outputs), [&] {
    return ScanRule{traced,
                    CapturedSources(body->captured(), captured),
                    captured.size(),
                    init,
                    xs,
                    TensorList(part(outputs, loop.carries, outputs.size() - loop.carries))};
  });
  return {TensorList(part(outputs, 0, loop.carries)), TensorList(part(outputs, loop.carries, traced->outputs))};
}

/// The loop in plain C++.
ScanResult unrolled(const Loop& loop, const TensorList& init, const TensorList& xs) {
  std::vector<Tensors> rows;
  for (const Tensor& x : xs) rows.push_back(unstack(x));
  TensorList carry = init;
  std::vector<std::vector<Tensor>> ys;
  for (std::int64_t step = 0; step < loop.steps; ++step) {
    const auto place = static_cast<std::size_t>(loop.place(step));
    TensorList arguments = carry;
    for (const auto& row : rows) arguments.push_back(row[place]);
    const TensorList made = loop.body(arguments);
    carry = TensorList(part(made, 0, loop.carries));
    detail::check_same(op, init, detail::results_of(carry));
    ys.resize(made.size() - loop.carries, std::vector<Tensor>(static_cast<std::size_t>(loop.steps)));
    for (std::size_t i = 0; i < ys.size(); ++i) ys[i][place] = made[loop.carries + i];
  }
  ScanResult result{carry, {}};
  for (const auto& each : ys) result.ys.push_back(stack(each));
  return result;
}

/// No step at all: the outputs have their shapes, and no elements.
ScanResult empty_loop(const Loop& loop, const TensorList& init, const TensorList& xs) {
  std::string obstacle;
  const auto body = SubProgram::trace(loop.body, like_arguments(init, xs), obstacle);
  if (body == nullptr) detail::fail<ValueError>(op, "no step, and the body's results are not known: {}", obstacle);
  ScanResult result{init, {}};
  for (std::size_t i = loop.carries; i < body->results().size(); ++i) {
    result.ys.push_back(zeros(stacked_shape(body->results()[i].shape, 0), body->results()[i].dtype));
  }
  return result;
}

/// Where only shapes are computed one step is enough.
ScanResult on_shapes(const Loop& loop, const TensorList& init, const TensorList& xs) {
  const TensorList made = loop.body(TensorList(like_arguments(init, xs)));
  const TensorList carry(part(made, 0, loop.carries));
  detail::check_same(op, init, detail::results_of(carry));
  ScanResult result{carry, {}};
  for (std::size_t i = loop.carries; i < made.size(); ++i) {
    result.ys.push_back(detail::make_tensor(stacked_shape(made[i].shape(), loop.steps), made[i].dtype()));
  }
  return result;
}

ScanResult run_loop(const Loop& loop, const TensorList& init, const TensorList& xs) {
  if (loop.steps == 0) return empty_loop(loop, init, xs);
  if (detail::only_shapes()) return on_shapes(loop, init, xs);
  if (!detail::becomes_step() || loop.steps == 1) return unrolled(loop, init, xs);
  std::string obstacle;
  const auto traced = trace_loop(loop, like_arguments(init, xs), detail::recordable_order(), obstacle);
  if (traced == nullptr) return unrolled(loop, init, xs);  // which says what is wrong, if something is
  return as_step(traced, init, xs);
}

std::int64_t steps_of(const TensorList& xs, std::int64_t length) {
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!xs[i].defined()) detail::fail<ValueError>(op, "xs[{}] is an empty tensor", i);
    if (xs[i].rank() == 0)
      detail::fail<ValueError>(op, "xs[{}]: expected a first axis to go along, received a scalar", i);
    if (length < 0) length = xs[i].shape(0);
    if (xs[i].shape(0) != length) {
      detail::fail<ValueError>(op, "expected {} elements along the first axis of xs[{}], received shape {}", length, i,
                               xs[i].shape());
    }
  }
  if (length < 0) detail::fail<ValueError>(op, "expected xs or a length, received neither");
  return length;
}

}  // namespace

ScanResult scan(const ScanBody& f, const TensorList& init, const TensorList& xs, const ScanLoopOptions& options) {
  for (std::size_t i = 0; i < init.size(); ++i) {
    if (!init[i].defined()) detail::fail<ValueError>(op, "init[{}] is an empty tensor", i);
  }
  const std::size_t carries = init.size();
  const auto body = [f, carries](const TensorList& in) {
    auto [carry, ys] = f(TensorList(part(in, 0, carries)), TensorList(part(in, carries, in.size() - carries)));
    if (carry.size() != carries) {
      detail::fail<ValueError>(op, "expected f to return {} tensors of carry, received {}", carries, carry.size());
    }
    carry.insert(carry.end(), ys.begin(), ys.end());
    return carry;
  };
  return run_loop({body, carries, steps_of(xs, options.length), options.reverse}, init, xs);
}

TensorList fori_loop(std::int64_t lower, std::int64_t upper,
                     const std::function<TensorList(const Tensor&, const TensorList&)>& body, const TensorList& init) {
  const auto f = [body](const TensorList& carry, const TensorList& i) {
    return std::pair<TensorList, TensorList>(body(i.only(), carry), TensorList());
  };
  return scan(f, init, arange<std::int64_t>(lower, std::max(lower, upper), 1, int64)).carry;
}

TensorList map_fn(const std::function<TensorList(const TensorList&)>& f, const TensorList& elems) {
  const auto g = [f](const TensorList&, const TensorList& x) { return std::pair<TensorList, TensorList>({}, f(x)); };
  return scan(g, {}, elems).ys;
}

}  // namespace xtape
