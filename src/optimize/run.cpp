#include "optimize/run.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace xtape::optimize {

void check_positive(const char* op, const char* option, double value) {
  if (!(value > 0)) detail::fail<ValueError>(op, "expected {} > 0, received {}", option, value);
}

void check_not_negative(const char* op, const char* option, double value) {
  if (!(value >= 0)) detail::fail<ValueError>(op, "expected {} >= 0, received {}", option, value);
}

void check_limits(const char* op, const Limits& limits) {
  check_not_negative(op, "max_iterations", static_cast<double>(limits.max_iterations));
  check_not_negative(op, "max_evaluations", static_cast<double>(limits.max_evaluations));
}

void Run::end(Status status, const std::string& why) {
  ended_ = true;
  report_.status = status;
  report_.message = name_ + ": " + why;
}

void Run::count(Unknowns& unknowns, const Vector& x, std::int64_t evaluations, double value, double gradient_norm) {
  ++report_.iterations;
  if (limits_.callback) {
    unknowns.move_to(x);
    const Iteration iteration{report_.iterations, evaluations, value, gradient_norm, unknowns.tensors()};
    if (limits_.callback(iteration)) end(Status::stopped, "stopped by the callback");
  }
  if (ended_) return;
  if (report_.iterations >= limits_.max_iterations) {
    end(Status::max_iterations, fmt::format("max_iterations, {}, are done", limits_.max_iterations));
  } else if (limits_.max_evaluations > 0 && evaluations >= limits_.max_evaluations) {
    end(Status::max_evaluations,
        fmt::format("{} evaluations, where max_evaluations is {}", evaluations, limits_.max_evaluations));
  }
}

Report Run::report(std::int64_t evaluations) const {
  Report report = report_;
  report.evaluations = evaluations;
  return report;
}

}  // namespace xtape::optimize
