#pragma once

#include <string>
#include <vector>

namespace bench {

/// What the time of a contender means for xtape's.
enum class Role {
  own,    ///< xtape's, or another way to do the same with it
  limit,  ///< what the hardware or a library allows: the ratio is xtape's time to it
  rival   ///< another library: the ratio is its time, on its best number of threads, to xtape's
};

/// How the microseconds of a step become the number that is shown.
struct Unit {
  std::string name = "us";
  double amount = 1;  ///< of what one step does, for "GB/s" thousands of bytes
  bool rate = false;  ///< amount / us rather than us / amount

  double value(double us) const { return rate ? amount / us : us / amount; }
};
Unit nanoseconds_per(double items);
Unit gigabytes(double bytes);
Unit gigaflops(double operations);
Unit per_second(const std::string& what, double items);

/// A bound on xtape's time: relative to a contender's, to its own on one thread (against = "1 thread"), or of the value
/// itself (against empty).
struct Goal {
  std::string against;
  double limit = 0;
  bool at_least = false;  ///< the contender's time to xtape's is at least `limit`; else xtape's to it at most
  bool minus = false;     ///< what xtape's value has above the contender's is at most `limit`
};

/// A goal and what came out.
struct Target {
  std::string what;  ///< "time / floor"
  double value = 0;
  double limit = 0;
  bool at_least = false;

  bool met() const { return at_least ? value >= limit : value <= limit; }
  std::string text() const;  ///< "time / floor 1.20, wanted <= 1.15"
};

struct Other {
  std::string name;
  Role role = Role::limit;
  double value = 0;  ///< in the row's unit
  double ratio = 0;  ///< see Role
};

/// A row: one thing on a number of threads. All groups give these, so that table, JSON, picture and comparison are
/// written once.
struct Result {
  std::string group, name;
  int threads = 1;
  double value = 0;
  std::string unit;
  bool more_is_better = false;
  double spread = 0;
  std::vector<Other> others = {};
  std::vector<Target> targets = {};

  const Other* other(const std::string& contender) const;
  /// "ok", "missed", or empty without a target.
  std::string verdict() const;
};

}  // namespace bench
