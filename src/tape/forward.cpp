#include "tape/forward.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/traced_context.hpp"
#include "tape/accumulate.hpp"
#include "tape/result_ids.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {
namespace {

/// Which gradients a rule is asked for.
class Wanted {
 public:
  explicit Wanted(std::size_t inputs) : size_(inputs) {
    if (inputs > few) many_.assign(inputs, 0);
  }
  void set(std::size_t input, bool wanted) { data()[input] = wanted; }
  Needs needs() { return Needs({data(), size_}); }

 private:
  static constexpr std::size_t few = 16;
  bool* data() { return size_ > few ? reinterpret_cast<bool*>(many_.data()) : few_; }
  bool few_[few] = {};
  PoolVector<std::uint8_t> many_;
  std::size_t size_;
};

Grads run_rule(const ForwardCall& call, std::span<const Tensor> dys, Needs needs) {
  Grads gradients = call.table.run(call.rule, dys, needs);
  if (gradients.size() != call.inputs.size()) {
    fail<ValueError>(call.name, "its rule returned {} gradients, expected one for each of {} inputs", gradients.size(),
                     call.inputs.size());
  }
  return gradients;
}

/// t in the shape and dtype of a result, if it is a plain number or broadcasts to it; otherwise empty.
Tensor fitted(Tensor t, const Tensor& result) {
  if (t.impl()->weak) t = convert(t, result.dtype());
  if (t.dtype() != result.dtype()) return {};
  if (t.shape() == result.shape()) return t;
  return broadcasts_to(t.shape(), result.shape()) ? broadcast(t, result.shape()) : Tensor();
}

/// The tangent of an elementwise op by its gradient rule, which multiplies by the diagonal of the Jacobian. Without a
/// value if the op is not one after all.
std::optional<Tensor> by_diagonal(const ForwardCall& call, Tangents tangents) {
  const Tensor& y = call.outputs[0];
  Tensor sum;
  Wanted wanted(tangents.size());
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    if (!tangents[i].defined()) continue;
    const Tensor tangent = fitted(tangents[i], y);
    if (!tangent.defined()) return std::nullopt;
    wanted.set(i, true);
    Grads products = run_rule(call, {&tangent, 1}, wanted.needs());
    wanted.set(i, false);
    if (!products[i].defined()) continue;
    Tensor part = std::move(products[i]);
    if (part.impl()->weak) part = fitted(part, y);
    // A rule that sums over the axes along which an input was broadcast is no diagonal.
    if (part.dtype() != y.dtype() || part.shape() != y.shape()) return std::nullopt;
    sum = sum.defined() ? accumulate(std::move(sum), std::move(part)) : std::move(part);
  }
  return sum;
}

}  // namespace

Forward::Forward() : first_id_(begin_record_id()) {}

void Forward::watch(const Tensor& primal, const Tensor& tangent) {
  if (primal.impl()->weak) primal.impl()->weak = false;
  leaves_.insert(primal.impl(), static_cast<Slot>(primals_.size()));
  primals_.push_back(primal);
  tangents_.push_back(tangent.impl()->weak ? convert(tangent, primal.dtype()) : tangent);
}

Tensor Forward::tangent_of(const TensorImpl* tensor) const noexcept {
  const std::uint64_t place = tensor->id - first_id_;
  if (place < results_.size() && results_[place].tangent.defined()) return results_[place].tangent;
  const Slot leaf = leaves_.find(tensor);
  return leaf == no_slot ? Tensor() : tangents_[leaf];
}

bool Forward::moves(const TensorImpl* tensor) const noexcept {
  const std::uint64_t place = tensor->id - first_id_;
  return (place < results_.size() && results_[place].tangent.defined()) || leaves_.find(tensor) != no_slot;
}

bool Forward::any_moves(const Inputs& inputs) const noexcept {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != nullptr && moves(inputs[i])) return true;
  }
  return false;
}

/// The rule maps u, the gradients of the outputs, to g(u), those of the inputs, and is linear in u. The gradient of
/// <g(u), tangents> for u is the product of the Jacobian with the tangents.
Tensors Forward::tangents_by_gradients(const ForwardCall& call, Tangents tangents) {
  const auto same = [&](const char* other) { return std::strcmp(other, call.name) == 0; };
  if (std::none_of(without_rule_.begin(), without_rule_.end(), same)) without_rule_.push_back(call.name);
  GradientTape linear({.watch_accessed_variables = false});
  Tensors u;
  PoolVector<Source> sources;
  for (const Tensor& y : call.outputs) {
    u.push_back(is_floating(y.dtype()) ? filled(y.shape(), y.dtype(), 0) : Tensor());
  }
  for (const Tensor& each : u) {
    if (!each.defined()) continue;
    linear.watch(each);
    sources.push_back(each);
  }
  Wanted wanted(tangents.size());
  for (std::size_t i = 0; i < tangents.size(); ++i) wanted.set(i, tangents[i].defined());
  Grads gradients = run_rule(call, u, wanted.needs());
  std::vector<Tensor> targets, directions;
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    Tensor& gradient = gradients[i];
    if (!tangents[i].defined() || !gradient.defined()) continue;
    if (gradient.impl()->weak) gradient = convert(gradient, tangents[i].dtype());
    if (gradient.dtype() != tangents[i].dtype() || !broadcasts_to(tangents[i].shape(), gradient.shape())) {
      fail<ValueError>(call.name, "its rule returned a gradient of dtype {} and shape {} for input {}, {} {}",
                       gradient.dtype(), gradient.shape(), i, tangents[i].dtype(), tangents[i].shape());
    }
    targets.push_back(sum_to(gradient, tangents[i].shape()));
    directions.push_back(tangents[i]);
  }
  Tensors all(u.size());
  if (targets.empty()) return all;
  Tensors found = linear.gradient(targets, std::span<const Source>(sources), {.output_gradients = directions});
  for (std::size_t k = 0, next = 0; k < u.size(); ++k) {
    if (u[k].defined()) all[k] = std::move(found[next++]);
  }
  return all;
}

void Forward::differentiate(const ForwardCall& call) {
  Tensors tangents(call.inputs.size());
  bool any = false;
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    if (call.inputs[i] == nullptr) continue;
    tangents[i] = tangent_of(call.inputs[i]);
    any |= tangents[i].defined();
  }
  if (!any) return;
  const auto run = [&]() -> Tensors {
    if (call.forward != nullptr && call.forward->run != nullptr) return call.forward->run(call.forward->jvp, tangents);
    if (call.forward != nullptr && call.outputs.size() == 1) {
      if (auto tangent = by_diagonal(call, tangents)) return {std::move(*tangent)};
    }
    return tangents_by_gradients(call, tangents);
  };
  Tensors found;
  try {
    std::optional<TracedContext> where;
    if (thread_state.tracer != nullptr) [[unlikely]]
      where.emplace(fmt::format("in the jvp of '{}'", call.name));
    found = run();
  } catch (Error& error) {
    error.add_context(fmt::format("in the jvp of '{}'", call.name));
    throw;
  }
  if (found.size() != call.outputs.size()) {
    fail<ValueError>(call.name, "its jvp returned {} tangents, expected one for each of {} outputs", found.size(),
                     call.outputs.size());
  }
  for (std::size_t k = 0; k < found.size(); ++k) {
    const Tensor& y = call.outputs[k];
    if (!found[k].defined() || !is_floating(y.dtype())) continue;
    Tensor tangent = fitted(found[k], y);
    if (!tangent.defined()) {
      fail<ValueError>(call.name,
                       "its jvp returned a tangent of dtype {} and shape {} for an output of dtype {} and "
                       "shape {}",
                       found[k].dtype(), found[k].shape(), y.dtype(), y.shape());
    }
    keep(y, std::move(tangent));
  }
  forget_unused();
}

void Forward::keep(const Tensor& result, Tensor tangent) {
  const std::uint64_t place = result.impl()->id - first_id_;
  if (place >= results_.size()) results_.resize(place + 1);
  used_.push_back(static_cast<std::uint32_t>(place));
  results_[place] = {result, std::move(tangent)};
}

bool Forward::forget_if_unused(std::size_t place) {
  Moving& moving = results_[place];
  if (moving.primal.impl()->references.load(std::memory_order_acquire) > 1) return false;
  moving = {};
  return true;
}

/// Releases the tangents of results that nobody else holds: nothing can be computed from them any more. Few results are
/// in use at a time, unless a tape or the user keeps them; then most are checked only when their number has doubled.
void Forward::forget_unused() {
  constexpr std::size_t few = 32, latest = 8;
  std::size_t first = 0;
  if (used_.size() > few && used_.size() < check_all_from_) first = used_.size() - latest;
  const auto begin = used_.begin() + static_cast<std::ptrdiff_t>(first);
  used_.erase(std::remove_if(begin, used_.end(), [&](std::uint32_t place) { return forget_if_unused(place); }),
              used_.end());
  if (first == 0) check_all_from_ = 2 * used_.size();
}

}  // namespace xtape::detail
