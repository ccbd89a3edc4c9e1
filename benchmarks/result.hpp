#pragma once

#include <string>
#include <vector>

namespace bench {

/// How the time of a contender relates to xtape's.
enum class Role {
  own,    ///< xtape's, or another way to do the same with it
  limit,  ///< what the hardware or a library can reach: the ratio is xtape's time / its time
  rival   ///< another library: the ratio is its time, on its best number of threads, / xtape's time
};

/// How the time of a step is converted to the number that is shown.
struct Unit {
  std::string name = "us";
  double amount = 1;  ///< the work of one step; for "GB/s" in thousands of bytes
  bool rate = false;  ///< amount / us instead of us / amount

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
  bool at_least =
      false;           ///< contender's time / xtape's time >= limit; otherwise xtape's time / contender's time <= limit
  bool minus = false;  ///< xtape's value - contender's value <= limit
};

/// A goal and the measured value.
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

/// A row: one workload on a number of threads. All groups produce rows, so table, JSON, picture and comparison work for
/// all of them.
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
