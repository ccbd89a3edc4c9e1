#pragma once

#include <cmath>
#include <optional>

#include "base/check.hpp"

// Checks of options that several optimizers have; each throws a ValueError.
namespace xtape::optimizers {

/// The options of the moving averages in Adam and its variants.
inline void check_betas(const char* optimizer, double beta_1, double beta_2, double epsilon) {
  const auto decays = [](double beta) { return beta >= 0 && beta < 1; };
  if (!decays(beta_1) || !decays(beta_2)) {
    detail::fail<ValueError>(optimizer, "expected beta_1 and beta_2 in [0, 1), received {} and {}", beta_1, beta_2);
  }
  if (!(epsilon >= 0)) detail::fail<ValueError>(optimizer, "expected epsilon >= 0, received {}", epsilon);
}

/// A number in [0, 1].
inline void check_part(const char* optimizer, const char* option, double value) {
  if (value >= 0 && value <= 1) return;
  detail::fail<ValueError>(optimizer, "expected {} in [0, 1], received {}", option, value);
}

inline void check_positive(const char* optimizer, const char* option, const std::optional<double>& value) {
  if (value && !(*value > 0 && std::isfinite(*value))) {
    detail::fail<ValueError>(optimizer, "expected {} > 0, received {}", option, *value);
  }
}

inline void check_not_negative(const char* optimizer, const char* option, double value) {
  if (value >= 0) return;
  detail::fail<ValueError>(optimizer, "`{}` needs to be positive or zero. Received: {}={}", option, option, value);
}

}  // namespace xtape::optimizers
