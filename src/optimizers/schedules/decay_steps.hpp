#pragma once

#include <cstdint>

#include "base/check.hpp"

namespace xtape::optimizers::schedules {

inline void check_decay_steps(const char* schedule, const char* name, std::int64_t value) {
  if (value > 0) return;
  detail::fail<ValueError>(schedule, "Argument `{}` must be > 0. Received: {}={}", name, name, value);
}

}  // namespace xtape::optimizers::schedules
