#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report/report.hpp"

namespace bench {
namespace {

constexpr int name_width = 38;

/// Four digits, at most.
std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  const int decimals = value == 0 ? 0 : std::clamp(3 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 3);
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

void print_head(const Group& group) {
  fmt::print("\n{}: {}\n\n{:<{}}{:>3}{:>19}", group.name, group.title, "", name_width, "thr", "xtape");
  for (const auto& column : group.columns) fmt::print("{:>14}{:>8}", column, "ratio");
  fmt::print("{:>8}\n", "spread");
}

void print_row(const Group& group, const Result& r) {
  fmt::print("{:<{}}{:>3}{:>10} {:<8}", r.name, name_width, r.threads, number(r.value), r.unit);
  for (const auto& column : group.columns) {
    if (const Other* other = r.other(column)) {
      fmt::print("{:>14}{:>8.2f}", number(other->value), other->ratio);
    } else {
      fmt::print("{:>14}{:>8}", "-", "-");
    }
  }
  fmt::print("{:>7.0f}%  {}", 100 * r.spread, r.verdict() == "ok" ? "ok" : "");
  for (const Target& target : r.targets) {
    if (!target.met()) fmt::print("MISSED {}  ", target.text());
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void print_targets(const std::vector<Result>& results) {
  int all = 0, met = 0;
  for (const Result& r : results) {
    for (const Target& target : r.targets) {
      ++all;
      met += target.met();
    }
  }
  if (all == 0) return;
  fmt::print("\n{} of {} targets met{}\n", met, all, met < all ? "; missed:" : "");
  for (const Result& r : results) {
    for (const Target& target : r.targets) {
      if (target.met()) continue;
      fmt::print("  {}: {}, {} thread{}: {}\n", r.group, r.name, r.threads, r.threads == 1 ? "" : "s", target.text());
    }
  }
}

}  // namespace bench
