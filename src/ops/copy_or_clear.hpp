#pragma once

#include <cstring>

#include "core/launch.hpp"
#include "kernels/stream.hpp"

namespace xtape::detail {

/// Within a launch: to = from, or zeros if `from` is empty.
inline void copy_or_clear(Read from, Write to) {
  if (from.defined()) {
    kernels::copy_bytes(to.bytes(), from.bytes(), to.size_in_bytes());
  } else {
    std::memset(to.bytes(), 0, static_cast<std::size_t>(to.size_in_bytes()));
  }
}

}  // namespace xtape::detail
