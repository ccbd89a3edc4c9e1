#include "xtape/optimizers/elementwise_optimizer.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "core/fill.hpp"
#include "xtape/core/indexed_slices.hpp"

namespace xtape::optimizers {
namespace {

/// The number of zeros that serve as the gradient of rows without one, some rows at a time.
constexpr std::int64_t zeros_size = 16384;
constexpr std::size_t max_slots = 4;

}  // namespace

void ElementwiseOptimizer::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  const Tensor& w = detail::value_for_update(variable);
  std::array<Tensor, max_slots> held;
  if (slots.size() > held.size()) {
    detail::fail<ValueError>(name().c_str(), "expected at most {} slots, received {}", held.size(), slots.size());
  }
  for (std::size_t i = 0; i < slots.size(); ++i) held[i] = detail::value_for_update(slots[i]);
  const std::span<const Tensor> state(held.data(), slots.size());
  const auto slices = indexed_slices(gradient);
  if (!slices) return update_elements(w, gradient, state);

  const IndexedSlices rows = combined(*slices);
  const std::int64_t count = w.shape()[0], size = count == 0 ? 0 : w.size() / count;
  if (size == 0) return;
  std::array<Tensor, max_slots> part;
  const auto update_rows = [&](std::int64_t first, std::int64_t number, const Tensor& g) {
    const Shape shape{number, size};
    for (std::size_t i = 0; i < state.size(); ++i) part[i] = detail::make_view(state[i], shape, first * size);
    update_elements(detail::make_view(w, shape, first * size), g, {part.data(), state.size()});
  };
  const bool skips = ignores_zero();
  const std::int64_t at_once = std::max<std::int64_t>(1, zeros_size / size);
  const Tensor zeros = skips ? Tensor() : detail::filled({std::min(at_once, count), size}, w.dtype(), 0);
  const auto update_untouched = [&](std::int64_t begin, std::int64_t end) {
    for (; !skips && begin < end; begin += at_once) {
      const std::int64_t number = std::min(at_once, end - begin);
      update_rows(begin, number, detail::make_view(zeros, {number, size}));
    }
  };
  const auto index = rows.indices.data<std::int64_t>();
  std::int64_t next = 0;
  for (std::size_t i = 0; i < index.size();) {
    std::size_t end = i + 1;
    while (end < index.size() && index[end] == index[end - 1] + 1) ++end;
    update_untouched(next, index[i]);
    const auto number = static_cast<std::int64_t>(end - i);
    update_rows(index[i], number, detail::make_view(rows.values, {number, size}, static_cast<std::int64_t>(i) * size));
    next = index[end - 1] + 1;
    i = end;
  }
  update_untouched(next, count);
}

}  // namespace xtape::optimizers
