#pragma once

#include <cstdint>
#include <string>

#include "optimize/unknowns.hpp"
#include "optimize/vectors.hpp"
#include "xtape/optimize/report.hpp"

namespace xtape::optimize {

/// The limits of a solver, out of its options.
struct Limits {
  std::int64_t max_iterations = 0;
  std::int64_t max_evaluations = 0;  ///< 0: none
  IterationCallback callback = {};
};

/// Throws a ValueError "[op] expected {option} > 0, received {value}", or >= 0.
void check_positive(const char* op, const char* option, double value);
void check_not_negative(const char* op, const char* option, double value);
void check_limits(const char* op, const Limits& limits);

/// One run of a solver: counts its iterations and keeps why it ended.
class Run {
 public:
  Run(const char* op, const std::string& method, Limits limits)
      : name_(std::string("[") + op + "] " + method), limits_(std::move(limits)) {}

  bool ended() const noexcept { return ended_; }
  /// Ends the run.
  void end(Status status, const std::string& why);
  /// After an accepted step to x: counts it, calls the callback and ends the run at a limit.
  void count(Unknowns& unknowns, const Vector& x, std::int64_t evaluations, double value, double gradient_norm);
  Report report(std::int64_t evaluations) const;

 private:
  std::string name_;
  Limits limits_;
  bool ended_ = false;
  Report report_;
};

}  // namespace xtape::optimize
