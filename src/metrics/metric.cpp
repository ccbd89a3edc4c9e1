#include "xtape/metrics/metric.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "core/trace.hpp"
#include "xtape/core/creation.hpp"

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

Tensor Metric::state() const {
  use_state("state");
  return constant(state_numbers());
}

void Metric::set_state(const Tensor& state) {
  use_state("set_state");
  constexpr const char* method = "Metric.set_state";
  if (!state.defined() || state.dtype() != float64 || state.rank() != 1) {
    detail::fail<ValueError>(method, "expected a float64 tensor [n], as state() gives, received {}",
                             state.defined() ? fmt::format("a {} tensor {}", state.dtype(), state.shape()) : "none");
  }
  const std::vector<double> numbers = state.to_vector<double>();
  if (!set_state_numbers(numbers)) {
    detail::fail<ValueError>(method, "{} numbers are no state of the metric '{}': was it made with other options?",
                             numbers.size(), name_);
  }
}

std::vector<double> Metric::state_numbers() const {
  detail::fail<RuntimeError>("Metric.state",
                             "the class of the metric '{}' does not say what its state is: override state_numbers() "
                             "and set_state_numbers()",
                             name_);
}
bool Metric::set_state_numbers(std::span<const double>) { return false; }

void Metric::use_state(const char* what) const {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up(fmt::format("it uses metrics.{} of '{}'", what, name_));
}

}  // namespace xtape::metrics
