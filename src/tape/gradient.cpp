#include <utility>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/trace.hpp"
#include "core/warn.hpp"
#include "tape/accumulate.hpp"
#include "tape/tape_impl.hpp"

// The backward walk over the record.
namespace xtape::detail {

namespace {
constexpr const char* op = "GradientTape.gradient";

Tensor seed_of(std::size_t i, const Tensor& target, const GradientOptions& options) {
  if (options.output_gradients.empty() || !options.output_gradients[i])
    return constant_of_trace(filled(target.shape(), target.dtype(), 1));
  const Tensor& seed = options.output_gradients[i];
  if (seed.shape() != target.shape() || (seed.dtype() != target.dtype() && !seed.impl()->weak)) {
    fail<ValueError>(op, "output_gradients[{}] must be like its target, {} {}: received {} {}", i, target.dtype(),
                     target.shape(), seed.dtype(), seed.shape());
  }
  return seed.impl()->weak ? convert(seed, target.dtype()) : seed;
}

bool is_source(const Tensor& target, const Source& source) {
  return target.is_same(source.tensor != nullptr ? *source.tensor : source.variable->peek());
}
}  // namespace

void TapeImpl::check_usable() const {
  if (consumed) {
    fail<RuntimeError>(op,
                       "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)");
  }
}

Tensors TapeImpl::gradient(std::span<const Tensor> targets, std::span<const Source> sources,
                           const GradientOptions& options, bool keep) {
  keep = keep || options_.persistent;
  if (!options.output_gradients.empty() && options.output_gradients.size() != targets.size()) {
    fail<ValueError>(op, "expected one output gradient for each of {} targets, received {}", targets.size(),
                     options.output_gradients.size());
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i]) fail<TypeError>(op, "argument `target` must be a tensor, targets[{}] is empty", i);
  }
  // Before anything changes: a mistake in the call loses nothing.
  Tensors gradients(slots_.size());
  seed(targets, options, gradients);
  const Marks wanted = mark_wanted(sources);

  if (options_.persistent) {
    if (recording_ && !warned_) {
      warned_ = true;
      warn(
          "[GradientTape.gradient] called inside the scope of a persistent tape: the backward ops are recorded as "
          "well, "
          "which costs time and memory and is only of use for higher orders");
    }
  } else {
    stop();
  }
  struct Consume {
    TapeImpl* tape;
    ~Consume() {
      if (tape != nullptr) tape->consume();
    }
  } consume{keep ? nullptr : this};

  Marks kept(slots_.size(), 0);
  for (const auto& source : sources) {
    if (source.tensor != nullptr) {
      const Slot slot = slot_of(source.tensor->impl());
      if (slot != no_slot) kept[slot] = 1;
    }
  }
  walk(wanted, kept, gradients, keep);
  if (!keep) rules_gone_ = true;

  Tensors results;
  results.reserve(sources.size());
  for (const auto& source : sources) results.push_back(result(source, targets, options, gradients));
  return results;
}

void TapeImpl::seed(std::span<const Tensor> targets, const GradientOptions& options, Tensors& gradients) const {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Tensor seed = seed_of(i, targets[i], options);
    const Slot slot = slot_of(targets[i].impl());
    if (slot != no_slot) gradients[slot] = gradients[slot] ? accumulate(std::move(gradients[slot]), seed) : seed;
  }
}

TapeImpl::Marks TapeImpl::mark_wanted(std::span<const Source> sources) const {
  Marks wanted(slots_.size(), 0);
  for (const auto& source : sources) {
    if (source.tensor != nullptr) {
      if (!*source.tensor) fail<TypeError>(op, "expected a tensor or a variable as a source, received an empty tensor");
      const Slot slot = slot_of(source.tensor->impl());
      if (slot != no_slot) wanted[slot] = 1;
    } else {
      for (Slot slot = leaves_.find(source.variable->impl()); slot != no_slot; slot = slots_[slot].next_of_variable) {
        wanted[slot] = 1;
      }
    }
  }
  for (const Record* record : records_) {
    if (record->table == nullptr) continue;
    std::uint8_t any = 0;
    for (std::uint32_t i = 0; i < record->num_inputs; ++i) {
      if (has_gradient(record->inputs[i])) any |= wanted[record->inputs[i]];
    }
    if (any != 0) {
      for (std::uint32_t i = 0; i < record->num_outputs; ++i) wanted[record->first_output + i] = 1;
    }
  }
  return wanted;
}

void TapeImpl::walk(const Marks& wanted, const Marks& kept, Tensors& gradients, bool keep) {
  // A persistent tape may be recording these very rules, so only the records of now are walked, by index.
  for (std::size_t i = records_.size(); i-- > 0;) {
    const Record& record = *records_[i];
    bool reached = false;
    for (std::uint32_t k = 0; k < record.num_outputs; ++k) {
      reached = reached || gradients[record.first_output + k].defined();
    }
    if (reached && record.rule != nullptr) {
      const double begin = options_.profile ? now() : 0;
      run(record, wanted, gradients);
      if (options_.profile) {
        timings_[i].backward_begin = begin;
        timings_[i].backward += now() - begin;
      }
      for (std::uint32_t k = 0; k < record.num_outputs; ++k) {
        if (kept[record.first_output + k] == 0) gradients[record.first_output + k] = Tensor();
      }
    }
    if (!keep) destroy_rule(*records_[i]);
  }
}

namespace {
Grads run_rule(const Record& record, std::span<const Tensor> dy, Needs needs) {
  try {
    return record.table->run(record.rule, dy, needs);
  } catch (Error& error) {
    error.add_context(fmt::format("in the gradient of '{}'", record.name));
    throw;
  }
}
}  // namespace

void TapeImpl::run(const Record& record, const Marks& wanted, Tensors& gradients) {
  constexpr std::size_t few = 16;
  bool few_needs[few];
  const std::size_t n = record.num_inputs;
  bool any = false;
  PoolVector<std::uint8_t> many(n > few ? n : 0);
  bool* needs = n > few ? reinterpret_cast<bool*>(many.data()) : few_needs;
  for (std::size_t i = 0; i < n; ++i) {
    const Slot slot = record.inputs[i];
    needs[i] = has_gradient(slot) && wanted[slot] != 0;
    any = any || needs[i];
  }
  if (!any) return;
  const std::span<const Tensor> dy(&gradients[record.first_output], record.num_outputs);
  Grads results = run_rule(record, dy, Needs({needs, n}));
  if (results.size() != n) {
    fail<ValueError>(record.name, "its rule returned {} gradients, expected one for each of {} inputs", results.size(),
                     n);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (needs[i] && results[i]) add_gradient(record.name, i, std::move(results[i]), record.inputs[i], gradients);
  }
}

void TapeImpl::add_gradient(const char* name, std::size_t input, Tensor gradient, Slot slot, Tensors& gradients) const {
  const SlotInfo info = slots_[slot];
  if (gradient.dtype() != info.dtype) {
    if (!gradient.impl()->weak) {
      fail<ValueError>(name, "its rule returned a gradient of dtype {} for input {} of dtype {}", gradient.dtype(),
                       input, info.dtype);
    }
    gradient = convert(gradient, info.dtype);
  }
  if (gradient.shape() != shapes_[info.shape]) {
    const Shape shape = shapes_[info.shape];
    if (!broadcasts_to(shape, gradient.shape())) {
      fail<ValueError>(name, "its rule returned a gradient of shape {} for input {} of shape {}", gradient.shape(),
                       input, shape);
    }
    gradient = sum_to(gradient, shape);
  }
  Tensor& sum = gradients[slot];
  sum = sum ? detail::accumulate(std::move(sum), std::move(gradient)) : std::move(gradient);
}

Tensor TapeImpl::result(const Source& source, std::span<const Tensor> targets, const GradientOptions& options,
                        const Tensors& gradients) const {
  Tensor sum;
  const auto add = [&](const Tensor& gradient) { sum = sum ? detail::accumulate(std::move(sum), gradient) : gradient; };
  bool recorded = false;
  if (source.tensor != nullptr) {
    const Slot slot = slot_of(source.tensor->impl());
    recorded = slot != no_slot && slot < gradients.size();
    if (recorded) sum = gradients[slot];
  } else {
    for (Slot slot = leaves_.find(source.variable->impl()); slot != no_slot; slot = slots_[slot].next_of_variable) {
      recorded = true;
      if (slot < gradients.size() && gradients[slot]) add(gradients[slot]);
    }
  }
  if (!recorded) {  // d x / d x = 1 holds for what the tape has never seen
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (is_source(targets[i], source) && is_floating(targets[i].dtype())) add(seed_of(i, targets[i], options));
    }
  }
  if (!sum && options.unconnected_gradients == UnconnectedGradients::zero) {
    const Tensor& like = source.tensor != nullptr ? *source.tensor : source.variable->peek();
    return constant_of_trace(filled(like.shape(), like.dtype(), 0));
  }
  return sum;
}

}  // namespace xtape::detail
