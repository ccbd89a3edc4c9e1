#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace xtape::kernels {

inline constexpr std::int64_t max_short_copy = 64;

/// Copies up to 64 bytes by two moves, of the first and of the last bytes, which may overlap: a call to memcpy costs
/// more.
inline void copy_short(void* to_, const void* from_, std::int64_t bytes) {
  auto* to = static_cast<std::byte*>(to_);
  const auto* from = static_cast<const std::byte*>(from_);
  const auto ends = [=]<std::size_t size>(std::integral_constant<std::size_t, size>) {
    struct Piece {
      std::byte bytes[size];
    } first, last;
    const std::int64_t at = bytes - static_cast<std::int64_t>(size);
    std::memcpy(&first, from, size);
    std::memcpy(&last, from + at, size);
    std::memcpy(to, &first, size);
    std::memcpy(to + at, &last, size);
  };
  if (bytes >= 32) return ends(std::integral_constant<std::size_t, 32>{});
  if (bytes >= 16) return ends(std::integral_constant<std::size_t, 16>{});
  if (bytes >= 8) return ends(std::integral_constant<std::size_t, 8>{});
  if (bytes >= 4) return ends(std::integral_constant<std::size_t, 4>{});
  for (std::int64_t i = 0; i < bytes; ++i) to[i] = from[i];
}

}  // namespace xtape::kernels
