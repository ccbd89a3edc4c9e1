#include "result.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench {

Unit nanoseconds_per(double items) { return {"ns", items / 1000}; }
Unit gigabytes(double bytes) { return {"GB/s", bytes / 1000, true}; }
Unit gigaflops(double operations) { return {"GFLOP/s", operations / 1000, true}; }
Unit per_second(const std::string& what, double items) { return {what, items * 1e6, true}; }

std::string Target::text() const {
  return fmt::format("{} {:.4g}, wanted {} {:g}", what, value, at_least ? ">=" : "<=", limit);
}

const Other* Result::other(const std::string& contender) const {
  const auto found = std::find_if(others.begin(), others.end(), [&](const Other& o) { return o.name == contender; });
  return found == others.end() ? nullptr : &*found;
}

std::string Result::verdict() const {
  if (targets.empty()) return "";
  return std::all_of(targets.begin(), targets.end(), [](const Target& t) { return t.met(); }) ? "ok" : "missed";
}

}  // namespace bench
