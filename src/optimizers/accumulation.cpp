#include <algorithm>
#include <cstring>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "kernels/inplace.hpp"
#include "kernels/moving_average.hpp"
#include "kernels/scatter_rows.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/optimizers/optimizer.hpp"

// What the base of optimizers keeps over several steps: accumulated gradients and moving averages.
namespace xtape::optimizers {
namespace {

Tensor scaled(const Tensor& t, double factor) {
  if (const auto slices = indexed_slices(t)) {
    return to_tensor({scaled(slices->values, factor), slices->indices, slices->dense_shape});
  }
  Tensor out = detail::make_tensor(t.shape(), t.dtype());
  kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    kernels::scale(t.size(), detail::host_read("Optimizer", t).data<T>(), static_cast<T>(factor),
                   detail::host_write("Optimizer", out).data<T>());
  });
  return out;
}

void add_to(const Tensor& sum, const Tensor& gradient) {
  const auto given = indexed_slices(gradient);
  if (!given) {
    kernels::add_in_place(sum.dtype(), detail::host_write("Optimizer", sum).bytes(),
                          detail::host_read("Optimizer", gradient).bytes(), sum.size(), /*subtract=*/false);
    return;
  }
  const std::int64_t rows = sum.shape()[0], width = rows == 0 ? 0 : sum.size() / rows;
  if (width == 0) return;
  // Repeated rows are added up first, for the numbers of the dense gradient.
  const IndexedSlices slices = combined(*given);
  kernels::scatter_add_rows(sum.dtype(), detail::host_write("Optimizer", sum).bytes(), rows,
                            detail::host_read("Optimizer", slices.values).bytes(),
                            detail::host_read("Optimizer", slices.indices).data<std::int64_t>(), slices.indices.size(),
                            width);
}

}  // namespace

void Optimizer::unscale(Tensors& unscaled) {
  unscaled.reserve(updates_.size());
  for (auto& update : updates_) {
    unscaled.push_back(scaled(*update.gradient, 1 / *loss_scale_factor_));
    update.gradient = &unscaled.back();
  }
}

/// Adds the step's gradients to the accumulated ones. Where these are complete, their means become the gradients of the
/// updates, and true is returned.
bool Optimizer::accumulate() {
  for (const auto& update : updates_) {
    add_to(detail::value_for_update(tracked_[update.tracked].accumulator), *update.gradient);
  }
  if ((steps() + 1) % accumulation_steps_ != 0) return false;
  // A variable that was given twice has one mean.
  const auto before = [](const Update& a, const Update& b) { return a.tracked < b.tracked; };
  const auto same = [](const Update& a, const Update& b) { return a.tracked == b.tracked; };
  std::sort(updates_.begin(), updates_.end(), before);
  updates_.erase(std::unique(updates_.begin(), updates_.end(), same), updates_.end());
  for (auto& update : updates_) {
    const Tensor& mean = detail::value_for_update(tracked_[update.tracked].accumulator);
    kernels::visit_floating(mean.dtype(), [&]<class T>(kernels::Type<T>) {
      T* elements = detail::host_write("Optimizer", mean).data<T>();
      kernels::scale(mean.size(), elements, static_cast<T>(1.0 / static_cast<double>(accumulation_steps_)), elements);
    });
    update.gradient = &mean;
  }
  return true;
}

void Optimizer::clear_accumulators() {
  for (const auto& tracked : tracked_) {
    const auto sum = detail::host_write("Optimizer", detail::value_for_update(tracked.accumulator));
    std::memset(sum.bytes(), 0, static_cast<std::size_t>(sum.size_in_bytes()));
  }
}

void Optimizer::update_averages(bool constrained) {
  const double momentum = iterations() == 0 ? 0 : ema_momentum_;
  const bool overwrites = ema_overwrite_frequency_ && (iterations() + 1) % *ema_overwrite_frequency_ == 0;
  for (auto& tracked : tracked_) {
    if (static_cast<bool>(tracked.variable.constraint()) != constrained) continue;
    const Tensor& average = detail::value_for_update(tracked.average);
    kernels::visit_floating(average.dtype(), [&]<class T>(kernels::Type<T>) {
      kernels::moving_average(average.size(), detail::host_write("Optimizer", average).data<T>(),
                              detail::host_read("Optimizer", tracked.variable.peek()).data<T>(), momentum);
    });
    if (overwrites) tracked.variable.assign(average);
  }
}

void Optimizer::finalize_variable_values(std::span<const Variable> var_list) {
  if (!use_ema_ || !built_) return;
  std::size_t expected = 0;
  for (const auto& variable : var_list) expected = find(variable, expected) + 1;
  expected = 0;
  for (const auto& variable : var_list) {
    Tracked& tracked = tracked_[expected = find(variable, expected)];
    tracked.variable.assign(tracked.average.peek());
    ++expected;
  }
}

}  // namespace xtape::optimizers
