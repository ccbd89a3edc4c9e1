#pragma once

#include <cstdint>

namespace xtape::detail {

/// The number of a tensor on one tape, counted from the beginning of the tape's record: the index of its gradient.
using Slot = std::uint32_t;
inline constexpr Slot no_slot = ~Slot{0};
/// Marks the slot of a tensor that was computed from tracked tensors through an op without a gradient. No gradient
/// reaches it; only GradientTape::explain uses it.
inline constexpr Slot cut_off = Slot{1} << 31;
/// Whether gradients can reach a slot.
inline constexpr bool has_gradient(Slot slot) { return slot < cut_off; }
/// The slot without its mark.
inline constexpr Slot bare(Slot slot) { return slot == no_slot ? slot : slot & ~cut_off; }

}  // namespace xtape::detail
