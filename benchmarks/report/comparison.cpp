#include <fmt/format.h>

#include <algorithm>

#include "report/report.hpp"

namespace bench {

double print_comparison(const std::vector<Result>& before, const std::vector<Result>& now) {
  // Half the distance of the quartiles is noise; changes below this are not significant in any case.
  constexpr double least_noise = 0.05;
  double largest = 0;
  int faster = 0, slower = 0, same = 0;
  fmt::print("\ncompared with before (cost now / cost before)\n\n");
  for (const Result& r : now) {
    const auto old = std::find_if(before.begin(), before.end(), [&](const Result& b) {
      return b.group == r.group && b.name == r.name && b.threads == r.threads && b.unit == r.unit;
    });
    if (old == before.end() || !(old->value > 0) || !(r.value > 0)) continue;
    const double ratio = r.more_is_better ? old->value / r.value : r.value / old->value;
    const double noise = std::max(least_noise, std::max(r.spread, old->spread));
    largest = std::max(largest, ratio);
    if (ratio < 1 + noise && ratio > 1 / (1 + noise)) {
      ++same;
      continue;
    }
    (ratio > 1 ? slower : faster)++;
    fmt::print("{:<12}{:<38}{:>3}{:>12.4g} ->{:>12.4g} {:<8}{:>6.2f}  {}\n", r.group, r.name, r.threads, old->value,
               r.value, r.unit, ratio, ratio > 1 ? "SLOWER" : "faster");
  }
  fmt::print("{} faster, {} slower, {} within the noise\n", faster, slower, same);
  return largest;
}

}  // namespace bench
