#include "xtape/callbacks/monitor_callback.hpp"

#include <array>
#include <cmath>
#include <string_view>
#include <typeinfo>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "xtape/metrics/metric.hpp"
#include "xtape/models/model.hpp"

namespace xtape::callbacks {
namespace {

/// Which metrics are better when larger or smaller: words of a metric's name, set off by '_', and parts of the names of
/// xtape's classes, as Keras's monitoring does it.
constexpr std::array up_words{"acc",    "accuracy",    "auc",        "precision", "recall", "sensitivity",
                              "f1",     "specificity", "fbeta",      "iou",       "io_u",   "r2",
                              "cosine", "correlation", "similarity", "pearson"};
constexpr std::array down_words{
    "loss",         "error",         "mse",   "mae",        "mape",    "msle",    "rmse",     "bce",
    "crossentropy", "cross_entropy", "hinge", "divergence", "poisson", "logcosh", "log_cosh", "kld"};
constexpr std::array up_classes{"Accuracy", "AUC", "Precision", "Recall", "Sensitivity", "Specificity",
                                "FBeta",    "F1",  "IoU",       "R2",     "Similarity",  "Correlation"};
constexpr std::array down_classes{"Error", "Crossentropy", "Hinge", "Divergence", "Poisson", "LogCosh"};

template <std::size_t N>
bool has_word(const std::string& name, const std::array<const char*, N>& words) {
  const std::string padded = "_" + name + "_";
  for (const char* word : words) {
    if (padded.find(fmt::format("_{}_", word)) != std::string::npos) return true;
  }
  return false;
}

template <std::size_t N>
bool has_part(std::string_view text, const std::array<const char*, N>& parts) {
  for (const char* part : parts) {
    if (text.find(part) != std::string_view::npos) return true;
  }
  return false;
}

std::string without_val(const std::string& name) { return name.starts_with("val_") ? name.substr(4) : name; }

}  // namespace

MonitorCallback::MonitorCallback(const char* name, MonitorOptions options)
    : best_(options.baseline), name_(name), options_(std::move(options)) {
  options_.min_delta = std::abs(options_.min_delta);
  if (options_.mode == "min") {
    direction_ = Direction::min;
  } else if (options_.mode == "max") {
    direction_ = Direction::max;
  } else if (options_.mode != "auto") {
    detail::warn(fmt::format("[{}] mode '{}' is unknown, fallback to auto mode.", name_, options_.mode));
  }
}

MonitorCallback::Direction MonitorCallback::told_by_metrics() const {
  if (!model().compiled()) return Direction::unknown;
  const std::string name = without_val(options_.monitor);
  for (const auto& metric : model().metrics()) {
    if (metric->name() != name) continue;
    const metrics::Metric& object = *metric;
    const std::string_view type = typeid(object).name();
    if (type.find("5xtape7metrics") == std::string_view::npos) continue;  // the compiler's spelling of our namespace
    if (has_part(type, up_classes)) return Direction::max;
    if (has_part(type, down_classes)) return Direction::min;
  }
  return Direction::unknown;
}

void MonitorCallback::resolve_mode() {
  if (direction_ != Direction::unknown) return;
  const std::string name = without_val(options_.monitor);
  Direction found = name == "loss" ? Direction::min : told_by_metrics();
  if (found == Direction::unknown && has_word(name, down_words)) found = Direction::min;
  if (found == Direction::unknown && has_word(name, up_words)) found = Direction::max;
  if (found == Direction::unknown) {
    detail::fail<ValueError>(
        name_,
        "callback received monitor={}, but xtape isn't able to automatically determine whether that metric should be "
        "maximized or minimized. Pass mode \"max\" in order to monitor based on the highest metric value, or mode "
        "\"min\" in order to use the lowest value.",
        options_.monitor);
  }
  direction_ = found;
}

bool MonitorCallback::is_improvement(double value, const std::optional<double>& reference) const noexcept {
  if (std::isnan(value)) return false;
  if (!reference) return true;
  return direction_ == Direction::max ? value - options_.min_delta > *reference
                                      : value + options_.min_delta < *reference;
}

const double* MonitorCallback::monitored(const Logs& logs, const char* warning) {
  const double* value = logs.find(options_.monitor);
  if (value != nullptr || warned_) return value;
  warned_ = true;
  std::string names;
  for (const auto& [name, figure] : logs) names += (names.empty() ? "" : ",") + name;
  detail::warn(fmt::format(fmt::runtime(warning), options_.monitor, names));
  return nullptr;
}

}  // namespace xtape::callbacks
