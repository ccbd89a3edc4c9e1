#include "optimizers/gradient_accumulator.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "kernels/inplace.hpp"
#include "kernels/scatter_rows.hpp"
#include "xtape/core/indexed_slices.hpp"

namespace xtape::detail {
namespace {

void add_to(const Tensor& sum, const Tensor& gradient) {
  const auto given = indexed_slices(gradient);
  if (!given) {
    kernels::add_in_place(sum.dtype(), host_write("Optimizer", sum).bytes(), host_read("Optimizer", gradient).bytes(),
                          sum.size(), /*subtract=*/false);
    return;
  }
  const std::int64_t rows = sum.shape()[0], width = rows == 0 ? 0 : sum.size() / rows;
  if (width == 0) return;
  // Repeated rows are added up first, so that the sum is, bit for bit, that of the dense gradient.
  const IndexedSlices slices = combined(*given);
  kernels::scatter_add_rows(sum.dtype(), host_write("Optimizer", sum).bytes(), rows,
                            host_read("Optimizer", slices.values).bytes(),
                            host_read("Optimizer", slices.indices).data<std::int64_t>(), slices.indices.size(), width);
}

}  // namespace

std::unique_ptr<GradientAccumulator> GradientAccumulator::make(const optimizers::OptimizerOptions& options) {
  if (!options.gradient_accumulation_steps) return nullptr;
  if (*options.gradient_accumulation_steps < 2) {
    fail<ValueError>(options.name.c_str(),
                     "`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps={}",
                     *options.gradient_accumulation_steps);
  }
  return std::unique_ptr<GradientAccumulator>(new GradientAccumulator(*options.gradient_accumulation_steps));
}

void GradientAccumulator::add(std::span<const VariableUpdate> updates) const {
  for (const auto& update : updates) add_to(value_for_update(sums_[update.index]), *update.gradient);
}

void GradientAccumulator::take_means(PoolVector<VariableUpdate>& updates) const {
  const auto before = [](const VariableUpdate& a, const VariableUpdate& b) { return a.index < b.index; };
  const auto same = [](const VariableUpdate& a, const VariableUpdate& b) { return a.index == b.index; };
  std::sort(updates.begin(), updates.end(), before);
  updates.erase(std::unique(updates.begin(), updates.end(), same), updates.end());
  for (auto& update : updates) {
    // In place: nobody reads the sum again before clear().
    const Tensor& mean = value_for_update(sums_[update.index]);
    kernels::visit_floating(mean.dtype(), [&]<class T>(kernels::Type<T>) {
      T* elements = host_write("Optimizer", mean).data<T>();
      kernels::scale(mean.size(), elements, static_cast<T>(1.0 / static_cast<double>(steps_per_update_)), elements);
    });
    update.gradient = &mean;
  }
}

void GradientAccumulator::clear() const {
  for (const auto& variable : sums_) {
    const auto sum = host_write("Optimizer", value_for_update(variable));
    std::memset(sum.bytes(), 0, static_cast<std::size_t>(sum.size_in_bytes()));
  }
}

}  // namespace xtape::detail
