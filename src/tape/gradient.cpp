#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/trace.hpp"
#include "tape/accumulate.hpp"
#include "tape/tape_impl.hpp"

// The backward walk over the record.
namespace xtape::detail {

namespace {
constexpr const char* op = "GradientTape.gradient";

Tensor seed_of(std::size_t i, const Tensor& target, const GradientOptions& options) {
  if (options.output_gradients.empty() || !options.output_gradients[i].defined())
    return filled(target.shape(), target.dtype(), 1);
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
    if (!targets[i].defined()) fail<TypeError>(op, "argument `target` must be a tensor, targets[{}] is empty", i);
  }
  // Before anything changes: a mistake in the call loses nothing.
  Tensors gradients(slots_.size());
  seed(targets, options, gradients);
  const Marks wanted = mark_wanted(sources);

  if (options_.persistent) {
    if (recording_) {
      static std::atomic<int> given{0};  // a loop makes a tape in every step
      warn_limited(given, 1, op,
                   "called inside the scope of a persistent tape: the backward ops are recorded as well, which costs "
                   "time and memory and is only of use for higher orders");
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
    if (slot != no_slot)
      gradients[slot] = gradients[slot].defined() ? accumulate(std::move(gradients[slot]), seed) : seed;
  }
}

TapeImpl::Marks TapeImpl::mark_wanted(std::span<const Source> sources) const {
  Marks wanted(slots_.size(), 0);
  for (const auto& source : sources) {
    if (source.tensor != nullptr) {
      if (!source.tensor->defined())
        fail<TypeError>(op, "expected a tensor or a variable as a source, received an empty tensor");
      const Slot slot = slot_of(source.tensor->impl());
      if (slot != no_slot) wanted[slot] = 1;
    } else {
      for_each_leaf_of(source.variable->impl(), [&](Slot slot) { wanted[slot] = 1; });
    }
  }
  std::uint8_t* const mark = wanted.data();
  for (const Record* record : records_) {
    if (record->table == nullptr) continue;
    std::uint8_t any = 0;
    for (const Slot input : record->inputs()) any |= has_gradient(input) ? mark[input] : std::uint8_t{0};
    if (any != 0) std::fill_n(mark + record->first_output, record->num_outputs, any);
  }
  return wanted;
}

namespace {
[[gnu::always_inline]] inline Grads run_rule(const Record& record, std::span<const Tensor> dy, Needs needs) {
  try {
    return record.table->run(record.rule, dy, needs);
  } catch (Error& error) {
    error.add_context(fmt::format("in the gradient of '{}'", record.name));
    throw;
  }
}
}  // namespace

namespace {
[[gnu::noinline]] void fail_count(const Record& record, std::size_t received) {
  fail<ValueError>(record.name, "its rule returned {} gradients, expected one for each of {} inputs", received,
                   record.num_inputs);
}
}  // namespace

/// A gradient that a rule returned, in its input's dtype and shape.
[[gnu::noinline]] Tensor TapeImpl::fit(const char* name, std::size_t input, Tensor gradient, SlotInfo info) const {
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
  return gradient;
}

// Inlined, with run(), into the loop over the record.
[[gnu::always_inline]] inline void TapeImpl::add_gradient(const char* name, std::size_t input, Tensor gradient,
                                                          Slot slot, Tensor& sum) const {
  const SlotInfo info = slots_[slot];
  const TensorImpl& received = *gradient.impl();
  if (received.dtype != info.dtype || received.shape != shapes_[info.shape]) [[unlikely]]
    gradient = fit(name, input, std::move(gradient), info);
  if (sum.defined()) gradient = detail::accumulate(std::move(sum), std::move(gradient));
  sum = std::move(gradient);
}

[[gnu::always_inline]] inline void TapeImpl::run(const Record& record, const std::uint8_t* wanted, Tensor* gradients,
                                                 bool* needs) {
  const std::span<const Slot> inputs = record.inputs();
  const std::size_t n = inputs.size();
  bool any = false;
  for (std::size_t i = 0; i < n; ++i) {
    needs[i] = has_gradient(inputs[i]) && wanted[inputs[i]] != 0;
    any |= needs[i];
  }
  if (!any) return;
  Grads results = run_rule(record, {gradients + record.first_output, record.num_outputs}, Needs({needs, n}));
  if (results.size() != n) [[unlikely]]
    fail_count(record, results.size());
  Tensor* const result = results.data();
  for (std::size_t i = 0; i < n; ++i) {
    if (needs[i] && result[i].defined())
      add_gradient(record.name, i, std::move(result[i]), inputs[i], gradients[inputs[i]]);
  }
}

[[gnu::noinline]] void TapeImpl::run_with_many_inputs(const Record& record, const std::uint8_t* wanted,
                                                      Tensor* gradients) {
  PoolVector<std::uint8_t> needs(record.num_inputs);
  run(record, wanted, gradients, reinterpret_cast<bool*>(needs.data()));
}

void TapeImpl::walk(const Marks& wanted_, const Marks& kept_, Tensors& gradients_, bool keep) {
  Tensor* const gradients = gradients_.data();
  const std::uint8_t *const wanted = wanted_.data(), *const kept = kept_.data();
  const bool profile = options_.profile;
  // A persistent tape may be recording these very rules, so only the records of now are walked, by index.
  for (std::size_t i = records_.size(); i-- > 0;) {
    Record& record = *records_[i];
    if (record.rule == nullptr) continue;
    Tensor *const first = gradients + record.first_output, *const end = first + record.num_outputs;
    const Tensor* reached = first;
    while (reached != end && !reached->defined()) ++reached;
    if (reached != end) {
      const double begin = profile ? now() : 0;
      constexpr std::size_t few = 16;
      bool needs[few];
      if (record.num_inputs <= few) {
        run(record, wanted, gradients, needs);
      } else {
        run_with_many_inputs(record, wanted, gradients);
      }
      if (profile) {
        timings_[i].backward_begin = begin;
        timings_[i].backward += now() - begin;
      }
      const std::uint8_t* keeps = kept + record.first_output;
      for (Tensor* output = first; output != end; ++output) {
        if (*keeps++ == 0) *output = Tensor();
      }
    }
    if (!keep) destroy_rule(record);
  }
}

Tensor TapeImpl::result(const Source& source, std::span<const Tensor> targets, const GradientOptions& options,
                        const Tensors& gradients) const {
  Tensor sum;
  const auto add = [&](const Tensor& gradient) {
    sum = sum.defined() ? detail::accumulate(std::move(sum), gradient) : gradient;
  };
  bool recorded = false;
  if (source.tensor != nullptr) {
    const Slot slot = slot_of(source.tensor->impl());
    recorded = slot != no_slot && slot < gradients.size();
    if (recorded) sum = gradients[slot];
  } else {
    for_each_leaf_of(source.variable->impl(), [&](Slot slot) {
      recorded = true;
      if (slot < gradients.size() && gradients[slot].defined()) add(gradients[slot]);
    });
  }
  if (!recorded) {  // d x / d x = 1 holds for what the tape has never seen
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (is_source(targets[i], source) && is_floating(targets[i].dtype())) add(seed_of(i, targets[i], options));
    }
  }
  if (!sum.defined() && options.unconnected_gradients == UnconnectedGradients::zero) {
    const Tensor& like = source.tensor != nullptr ? *source.tensor : source.variable->peek();
    return filled(like.shape(), like.dtype(), 0);
  }
  return sum;
}

}  // namespace xtape::detail
