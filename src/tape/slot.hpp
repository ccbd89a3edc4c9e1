#pragma once

#include <cstdint>

namespace xtape::detail {

/// The number of a tensor on one tape, counted from where the tape's record began: the index of its gradient.
using Slot = std::uint32_t;
inline constexpr Slot no_slot = ~Slot{0};
/// Marks the slot of a tensor that was computed from tracked ones, but through an op without a gradient: no gradient
/// gets there, only GradientTape::explain looks at it.
inline constexpr Slot cut_off = Slot{1} << 31;
/// Whether a slot is one that gradients get to.
inline constexpr bool has_gradient(Slot slot) { return slot < cut_off; }
/// The slot without its mark.
inline constexpr Slot bare(Slot slot) { return slot == no_slot ? slot : slot & ~cut_off; }

}  // namespace xtape::detail
