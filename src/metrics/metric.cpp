#include "xtape/metrics/metric.hpp"

#include <fmt/format.h>

#include "core/trace.hpp"

namespace xtape::metrics {

// A replay repeats updates, but not what makes a metric or reads its state on the host: see docs/design/function.md.
Metric::Metric(std::string name) : name_(std::move(name)) {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up(fmt::format("it makes the metric '{}'", name_));
}

void Metric::use_state(const char* what) const {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up(fmt::format("it uses metrics.{} of '{}'", what, name_));
}

}  // namespace xtape::metrics
