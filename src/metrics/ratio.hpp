#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Small functions that the metrics with thresholds share.
namespace xtape::detail {

/// a / b, and 0 where b is 0 (Keras's divide_no_nan).
inline double ratio(double a, double b) { return b == 0 ? 0 : a / b; }

/// Throws a ValueError for a threshold outside [0, 1].
void check_thresholds(const std::string& op, const std::vector<double>& thresholds);

/// i / (n - 1) for i in [0, n).
std::vector<double> even_thresholds(std::int64_t n);

}  // namespace xtape::detail
