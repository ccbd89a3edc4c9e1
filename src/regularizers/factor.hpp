#pragma once

#include <cmath>

#include "base/check.hpp"

namespace xtape::detail {

inline void check_factor(const char* regularizer, const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return;
  fail<ValueError>(regularizer, "Invalid value for argument {}: expected a non-negative float. Received: {}={}", name,
                   name, value);
}

}  // namespace xtape::detail
