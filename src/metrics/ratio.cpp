#include "metrics/ratio.hpp"

#include "base/check.hpp"

namespace xtape::detail {

void check_thresholds(const std::string& op, const std::vector<double>& thresholds) {
  for (const double t : thresholds) {
    if (!(t >= 0 && t <= 1)) fail<ValueError>(op.c_str(), "Threshold values must be in [0, 1], received {}", t);
  }
}

std::vector<double> even_thresholds(std::int64_t n) {
  std::vector<double> thresholds;
  for (std::int64_t i = 0; i < n; ++i) thresholds.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
  return thresholds;
}

}  // namespace xtape::detail
