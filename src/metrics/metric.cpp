#include "xtape/metrics/metric.hpp"

#include <fmt/format.h>

#include "core/trace.hpp"

namespace xtape::metrics {

// A replay repeats updates, but not what makes a metric or reads its state on the host: see docs/design/function.md.
Metric::Metric(std::string name) : name_(std::move(name)) {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up(fmt::format("it makes the metric '{}'", name_));
}

Config Metric::config() const {
  Config config = described(typeid(*this), {{"name", name_}});
  const std::vector<Config::Entry> entries = config.entries();
  for (const auto& [name, value] : entries) {
    const auto* integers = value.get<ConfigValue::Integers>();
    const auto* numbers = value.get<ConfigValue::Numbers>();
    const bool is_empty = (integers != nullptr && integers->empty()) || (numbers != nullptr && numbers->empty());
    if (is_empty || (value == "none" && name != "name")) config.set(name, {});
  }
  return config;
}

void Metric::use_state(const char* what) const {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up(fmt::format("it uses metrics.{} of '{}'", what, name_));
}

}  // namespace xtape::metrics
