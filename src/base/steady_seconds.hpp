#pragma once

#include <chrono>

namespace xtape::detail {

/// Seconds of a clock that never goes back. Public classes keep these instead of a time point, since <chrono> takes
/// long to compile.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace xtape::detail
