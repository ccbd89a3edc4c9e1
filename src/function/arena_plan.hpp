#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace xtape::detail {

/// An array in an arena, in use from step `first` to step `last`.
struct ArenaArray {
  std::int64_t bytes;
  std::size_t first, last;
  std::int64_t offset = -1;  ///< where plan_arena() puts it, a multiple of 64
};

/// Gives each array an offset such that no two of them overlap while both are in use; returns the bytes of the arena.
///
/// The largest come first, each at the lowest offset that is free during its life. That compares each with all those
/// before it, so only the 1024 largest are placed so. The others lie behind them and use the place of one of the same
/// size that is no longer in use: time and memory for the plan grow with n log n.
std::int64_t plan_arena(std::span<ArenaArray> arrays);

}  // namespace xtape::detail
