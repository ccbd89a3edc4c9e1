#pragma once

#include <algorithm>
#include <cstdint>

namespace xtape::kernels {

/// How a window moves along one axis: tap t of output o reads input o * stride - before + t * dilation, which is
/// padding outside [0, in).
struct Window {
  std::int64_t in = 1;
  std::int64_t out = 1;
  std::int64_t size = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t before = 0;  ///< positions of padding before the input

  struct Taps {
    std::int64_t begin, end;
    std::int64_t start;  ///< the input position of tap 0, maybe negative
  };
  /// The taps of output o that fall on the input.
  Taps taps(std::int64_t o) const {
    const std::int64_t start = o * stride - before;
    const std::int64_t begin = start >= 0 ? 0 : (-start - 1) / dilation + 1;
    const std::int64_t end = in <= start ? 0 : (in - start - 1) / dilation + 1;
    return {std::min(begin, size), std::clamp<std::int64_t>(end, std::min(begin, size), size), start};
  }
};

/// Multiplications that are worth another thread.
inline constexpr double work_worth_a_thread = 262144;

}  // namespace xtape::kernels
