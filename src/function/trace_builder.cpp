#include "function/trace_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "core/shapes_only.hpp"
#include "core/traced_context.hpp"
#include "tape/variable_hooks.hpp"
#include "xtape/core/provenance.hpp"

namespace xtape::detail {

using Kind = TracedTensor::Kind;

TraceBuilder::TraceBuilder(std::span<const Tensor> arguments, const TraceBuilder* outer, bool runs_kernels)
    : PartialTracer(runs_kernels), outer_(outer) {
  trace_.tensors.emplace_back();
  for (const Tensor& argument : arguments) trace_.tensors[add(Kind::argument, argument.impl())].index = arguments_++;
}

void TraceBuilder::start() noexcept {
  started_ = true;
  around_ = std::exchange(thread_state.tracer, this);
  update_variable_hooks();
}

void TraceBuilder::stop() noexcept {
  if (!started_) return;
  started_ = false;
  thread_state.tracer = around_;
  update_variable_hooks();
}

bool TraceBuilder::knows(const TensorImpl* impl) const {
  return places_.contains(impl) || (outer_ != nullptr && outer_->knows(impl));
}

bool TraceBuilder::is_known(const TensorImpl& impl) const {
  if (const auto found = places_.find(&impl); found != places_.end()) {
    return found->second != unknown && is_constant(found->second);
  }
  return !impl.of_variable && !knows(&impl);
}

Place TraceBuilder::capture(const TensorImpl* impl, Captured captured) {
  const Place place = add(Kind::argument, impl);
  trace_.tensors[place].index = arguments_++;
  captured_.push_back(std::move(captured));
  return place;
}

Place TraceBuilder::add(Kind kind, const TensorImpl* impl) {
  TracedTensor tensor;
  tensor.kind = kind;
  tensor.dtype = impl->dtype;
  tensor.shape = impl->shape;
  trace_.tensors.push_back(std::move(tensor));
  const auto place = static_cast<Place>(trace_.tensors.size() - 1);
  places_[impl] = place;
  return place;
}

void TraceBuilder::give_up(std::string why) {
  if (obstacle_.empty()) obstacle_ = std::move(why);
}

void TraceBuilder::made(const TensorImpl* impl) {
  places_[impl] = unknown;
  host_ops_.erase(impl);
}

void TraceBuilder::made_view(const TensorImpl* source, const TensorImpl* view, std::int64_t bytes) {
  if (is_part() && !places_.contains(source) && knows(source)) {
    retain(const_cast<TensorImpl*>(source));
    capture(source, {Tensor::adopt(const_cast<TensorImpl*>(source)), {}});
  }
  const auto found = places_.find(source);
  if (found == places_.end()) {
    // A view of a tensor from outside is a constant like that tensor, unless it is the value of a variable whose read
    // was not noted.
    if (source->of_variable) {
      places_[view] = unknown;
    } else {
      places_.erase(view);
    }
    return;
  }
  const Place base = found->second;
  if (base == unknown) {
    places_[view] = unknown;
    if (const auto op = host_ops_.find(source); op != host_ops_.end()) host_ops_[view] = op->second;
    return;
  }
  const Place place = add(Kind::view, view);
  trace_.tensors[place].base = base;
  trace_.tensors[place].bytes = bytes;
}

void TraceBuilder::made_constant(const Tensor& t) { trace_.tensors[add(Kind::constant, t.impl())].value = t; }

void TraceBuilder::variable_read(const Variable& variable) {
  const VariableImpl* impl = variable.impl();
  const TensorImpl* value = impl->value.impl();
  if (is_part()) {
    const auto same = [&](const Captured& each) { return each.variable.defined() && each.variable.is_same(variable); };
    if (std::none_of(captured_.begin(), captured_.end(), same)) capture(value, {{}, variable});
    return;
  }
  const auto written = writes_.find(impl);
  const std::uint32_t writes = written == writes_.end() ? 0 : written->second;
  const auto found = places_.find(value);
  if (found != places_.end() && found->second != unknown) {
    const TracedTensor& known = trace_.tensors[found->second];
    if (known.kind == Kind::variable && known.variable.is_same(variable) && known.index == writes) return;
  }
  const Place place = add(Kind::variable, value);
  trace_.tensors[place].variable = variable;
  trace_.tensors[place].index = writes;
}

void TraceBuilder::variable_written(const Variable& variable) {
  if (is_part()) {
    give_up(fmt::format("it assigns the variable '{}' inside: carry the value instead", variable.name()));
  }
  about_to_write_.push_back(variable);
}

Place TraceBuilder::place_of(const Tensor& t) {
  if (!t.defined()) return 0;
  TensorImpl* impl = t.impl();
  if (is_sparse(*impl)) {
    give_up("a sparse gradient (IndexedSlices) takes part");
    return unknown;
  }
  const auto found = places_.find(impl);
  if (found != places_.end()) {
    if (found->second == unknown) {
      const auto op = host_ops_.find(impl);
      give_up(op != host_ops_.end()
                  ? fmt::format("{} makes a tensor of shape {} on the host", op->second, t.shape())
                  : fmt::format("a tensor of shape {} was computed by something that cannot be replayed", t.shape()));
    }
    return found->second;
  }
  if (is_part() && knows(impl)) return capture(impl, {t, {}});
  if (impl->of_variable) {
    give_up("the value of a variable was kept from before the call");
    return unknown;
  }
  made_constant(t);
  return places_[impl];
}

bool TraceBuilder::is_constant(Place place) const {
  while (trace_.tensors[place].kind == Kind::view) place = trace_.tensors[place].base;
  return place == 0 || trace_.tensors[place].kind == Kind::constant;
}

void TraceBuilder::append(TracedStep step, std::span<const Tensor* const> operands) {
  step.writes = std::exchange(about_to_write_, {});
  for (const Variable& variable : step.writes) ++writes_[variable.impl()];
  if (!obstacle_.empty()) return;
  const std::size_t inputs = operands.size() - step.outputs;
  has_state_ = has_state_ || step.kind == LaunchKind::state;
  bool constant = step.kind != LaunchKind::state;
  for (std::size_t i = 0; i < inputs; ++i) {
    step.places.push_back(place_of(*operands[i]));
    if (!obstacle_.empty()) return;
    constant = constant && is_constant(step.places.back());
  }
  for (std::size_t i = inputs; i < operands.size(); ++i) {
    const Tensor& out = *operands[i];
    if (!out.defined()) {
      step.places.push_back(0);
    } else if (constant) {  // a result of constants is a constant
      made_constant(out);
    } else {
      step.places.push_back(add(Kind::result, out.impl()));
    }
  }
  if (!constant) trace_.steps.push_back(std::move(step));
}

void TraceBuilder::launched(Kernel kernel, std::span<const Tensor* const> operands, std::size_t outputs,
                            LaunchKind kind) {
  TracedStep step;
  step.kernel = std::move(kernel);
  step.outputs = outputs;
  step.kind = kind;
  step.context = TracedContext::current();
  append(std::move(step), operands);
}

void TraceBuilder::launched_elementwise(const kernels::Elementwise& f, std::span<const Tensor* const> operands,
                                        std::string functor) {
  TracedStep step;
  step.loop = f;
  step.functor = std::move(functor);
  step.outputs = 1;
  append(std::move(step), operands);
}

void TraceBuilder::host_read(const char* op, const TensorImpl* impl) {
  if (is_part() && impl->numel > 0 && !is_known(*impl)) fail_without_elements(op, *impl);
  const auto found = places_.find(impl);
  if (found == places_.end()) {
    if (impl->of_variable) give_up(fmt::format("it looks at the elements of a variable ({})", op));
  } else if (found->second == unknown || !is_constant(found->second)) {
    give_up(fmt::format("it looks at the elements of a tensor ({}), which are others in every call", op));
  }
}

void TraceBuilder::host_written(const char* op, const TensorImpl* impl) {
  if (is_part()) give_elements(const_cast<TensorImpl&>(*impl));
  if (impl->of_variable) give_up(fmt::format("{} changes a variable on the host", op));
  places_[impl] = unknown;
  host_ops_[impl] = op;
}

Trace TraceBuilder::finish(std::span<const Tensor> results) {
  stop();
  for (const Tensor& result : results) trace_.results.push_back(place_of(result));
  return std::move(trace_);
}

}  // namespace xtape::detail
