#include "function/arena_plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace xtape::detail {
namespace {

constexpr std::int64_t alignment = 64;
constexpr std::size_t max_compared = 1024;

std::int64_t padded(const ArenaArray& array) {
  return std::max((array.bytes + alignment - 1) / alignment * alignment, alignment);
}

/// Each at the lowest free offset. Returns the bytes up to the end of the last.
std::int64_t place_by_comparing(std::span<ArenaArray* const> arrays) {
  std::int64_t end = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> taken;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    ArenaArray& array = *arrays[i];
    taken.clear();
    for (const ArenaArray* other : arrays.first(i)) {
      if (array.first <= other->last && other->first <= array.last) {
        taken.emplace_back(other->offset, other->offset + padded(*other));
      }
    }
    std::sort(taken.begin(), taken.end());
    array.offset = 0;
    for (const auto& [begin, stop] : taken) {
      if (array.offset + padded(array) <= begin) break;
      array.offset = std::max(array.offset, stop);
    }
    end = std::max(end, array.offset + padded(array));
  }
  return end;
}

/// In the order of time, each where one of the same size was, or at the end. Returns the end.
std::int64_t place_by_size(std::vector<ArenaArray*> arrays, std::int64_t end) {
  std::vector<ArenaArray*> ending = arrays;
  std::ranges::stable_sort(arrays, {}, &ArenaArray::first);
  std::ranges::stable_sort(ending, {}, &ArenaArray::last);
  std::map<std::int64_t, std::vector<std::int64_t>> unused;  // offsets, by size
  auto next_end = ending.begin();
  for (ArenaArray* array : arrays) {
    for (; (*next_end)->last < array->first; ++next_end) unused[padded(**next_end)].push_back((*next_end)->offset);
    auto& offsets = unused[padded(*array)];
    if (offsets.empty()) {
      array->offset = end;
      end += padded(*array);
    } else {
      array->offset = offsets.back();
      offsets.pop_back();
    }
  }
  return end;
}

}  // namespace

std::int64_t plan_arena(std::span<ArenaArray> arrays) {
  std::vector<ArenaArray*> by_size;
  for (ArenaArray& array : arrays) by_size.push_back(&array);
  std::ranges::stable_sort(by_size, std::ranges::greater(), [](const ArenaArray* array) { return padded(*array); });
  const std::size_t compared = std::min(by_size.size(), max_compared);
  const std::int64_t end = place_by_comparing(std::span(by_size).first(compared));
  return place_by_size({by_size.begin() + static_cast<std::ptrdiff_t>(compared), by_size.end()}, end);
}

}  // namespace xtape::detail
