#include "xtape/models/per_output.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"

namespace xtape {
namespace detail {
namespace {

constexpr const char* method = "Model.compile";

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

template <class T>
std::vector<T> PerOutputValues<T>::for_outputs(const char* what, const std::vector<std::string>& outputs,
                                               const T& missing) const {
  std::vector<T> found(outputs.size(), missing);
  if (given == PerOutput::all) {
    std::fill(found.begin(), found.end(), values.front().second);
  } else if (given == PerOutput::by_position) {
    if (values.size() != outputs.size()) {
      fail<ValueError>(method, "expected as many entries in {} as the model has outputs: {} output(s) ({}), {} in {}",
                       what, outputs.size(), joined(outputs), values.size(), what);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) found[i] = values[i].second;
  } else if (given == PerOutput::by_name) {
    std::set<std::string> seen;
    for (const auto& [name, value] : values) {
      const auto at = std::find(outputs.begin(), outputs.end(), name);
      if (at == outputs.end()) {
        fail<ValueError>(method, "{} is given for '{}', which is no output of the model, only: {}", what, name,
                         joined(outputs));
      }
      if (!seen.insert(name).second) fail<ValueError>(method, "{} is given twice for the output '{}'", what, name);
      found[static_cast<std::size_t>(at - outputs.begin())] = value;
    }
  }
  return found;
}

template <class T>
ConfigValue PerOutputValues<T>::config() const {
  const auto value_of = [](const T& value) -> ConfigValue {
    if constexpr (std::same_as<T, AnyLoss>) {
      if (!value) return {};
    }
    return value;
  };
  if (given == PerOutput::nothing) return {};
  if (given == PerOutput::all) return value_of(values.front().second);
  ConfigValue::List list;
  Config dictionary;
  for (const auto& [name, value] : values) {
    if (given == PerOutput::by_name) {
      dictionary.set(name, value_of(value));
    } else {
      list.push_back(value_of(value));
    }
  }
  return given == PerOutput::by_name ? ConfigValue(dictionary) : ConfigValue(list);
}

template struct PerOutputValues<AnyLoss>;
template struct PerOutputValues<double>;
template struct PerOutputValues<std::vector<AnyMetric>>;

}  // namespace detail

namespace {

bool is_metric(const std::string& name) {
  try {
    (void)AnyMetric(name);
    return true;
  } catch (const ValueError&) {
    return false;
  }
}

}  // namespace

Losses::Losses(std::initializer_list<AnyLoss> losses) : Losses(std::vector<AnyLoss>(losses)) {}
Losses::Losses(const std::vector<AnyLoss>& losses) {
  for (const auto& loss : losses) values.emplace_back("", loss);
  if (!losses.empty()) given = detail::PerOutput::by_position;
}
Losses::Losses(std::initializer_list<std::pair<std::string, AnyLoss>> losses)
    : PerOutputValues{detail::PerOutput::by_name, losses} {}
Losses::Losses(const std::map<std::string, AnyLoss>& losses)
    : PerOutputValues{detail::PerOutput::by_name, {losses.begin(), losses.end()}} {}

LossWeights::LossWeights(double weight) : PerOutputValues{detail::PerOutput::all, {{"", weight}}} {}
LossWeights::LossWeights(std::initializer_list<double> weights) : LossWeights(std::vector<double>(weights)) {}
LossWeights::LossWeights(const std::vector<double>& weights) {
  for (const double weight : weights) values.emplace_back("", weight);
  if (!weights.empty()) given = detail::PerOutput::by_position;
}
LossWeights::LossWeights(std::initializer_list<std::pair<std::string, double>> weights)
    : PerOutputValues{detail::PerOutput::by_name, weights} {}
LossWeights::LossWeights(const std::map<std::string, double>& weights)
    : PerOutputValues{detail::PerOutput::by_name, {weights.begin(), weights.end()}} {}

Metrics::Entry::Entry(std::string name) : kind_(Kind::name), name_(std::move(name)) {}
Metrics::Entry::Entry(AnyMetric metric, int) : kind_(Kind::metric), metric_(std::move(metric)) {}
Metrics::Entry::Entry(std::initializer_list<Entry> entries) : kind_(Kind::list), list_(entries) {}

void Metrics::Entry::add_to(std::vector<AnyMetric>& metrics) const {
  if (const auto* entries = list()) {
    for (const auto& entry : *entries) entry.add_to(metrics);
  } else if (name() != nullptr) {
    metrics.emplace_back(*name());
  } else {
    metrics.push_back(metric_);
  }
}

Metrics::Metrics(std::initializer_list<Entry> entries) : entries_(entries) {}
Metrics::Metrics(const std::vector<AnyMetric>& metrics) : entries_(metrics.begin(), metrics.end()) {}
Metrics::Metrics(const std::map<std::string, std::vector<AnyMetric>>& metrics) {
  for (const auto& [name, of_output] : metrics) {
    Entry entry({Entry(name), Entry({})});
    entry.list_[1].list_.assign(of_output.begin(), of_output.end());
    entries_.push_back(std::move(entry));
  }
}

bool Metrics::flat() const {
  return std::none_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.list() != nullptr; });
}

bool Metrics::by_name(const std::vector<std::string>& outputs) const {
  const auto all = [this](const auto& names_an_output) {
    return !entries_.empty() && std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      const auto* list = entry.list();
      return list != nullptr && list->size() > 1 && list->front().name() != nullptr &&
             names_an_output(*list->front().name());
    });
  };
  return all([&](const std::string& name) {
           return std::find(outputs.begin(), outputs.end(), name) != outputs.end();
         }) ||
         all([](const std::string& name) { return !is_metric(name); });
}

void Metrics::check() const {
  std::vector<AnyMetric> metrics;
  for (const Entry& entry : entries_) {
    if (entry.list() == nullptr) {
      entry.add_to(metrics);
      continue;
    }
    // The first of a list may be the name of an output.
    const auto& list = *entry.list();
    for (std::size_t i = 1; i < list.size(); ++i) list[i].add_to(metrics);
  }
}

std::vector<std::vector<AnyMetric>> Metrics::for_outputs(const char* what,
                                                         const std::vector<std::string>& outputs) const {
  detail::PerOutputValues<std::vector<AnyMetric>> all;
  const auto metrics_of = [](const Entry& entry) {
    std::vector<AnyMetric> metrics;
    entry.add_to(metrics);
    return metrics;
  };
  if (by_name(outputs)) {
    all.given = detail::PerOutput::by_name;
    for (const Entry& entry : entries_) {
      std::vector<AnyMetric> metrics;
      const auto& list = *entry.list();
      for (std::size_t i = 1; i < list.size(); ++i) list[i].add_to(metrics);
      all.values.emplace_back(*list.front().name(), std::move(metrics));
    }
    return all.for_outputs(what, outputs, {});
  }
  const bool objects =
      std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.name() == nullptr; });
  if (flat() && !(objects && outputs.size() > 1)) {
    if (entries_.empty()) return std::vector<std::vector<AnyMetric>>(outputs.size());
    all.given = detail::PerOutput::all;
    all.values.emplace_back();
    for (const Entry& entry : entries_) entry.add_to(all.values.front().second);
  } else {
    all.given = detail::PerOutput::by_position;
    for (const Entry& entry : entries_) all.values.emplace_back("", metrics_of(entry));
  }
  return all.for_outputs(what, outputs, {});
}

ConfigValue Metrics::Entry::config() const {
  if (const auto* entries = list()) {
    ConfigValue::List all;
    for (const auto& entry : *entries) all.push_back(entry.config());
    return all;
  }
  return name() != nullptr ? ConfigValue(*name()) : ConfigValue(metric_);
}

ConfigValue Metrics::config(const std::vector<std::string>& outputs) const {
  if (entries_.empty()) return {};
  ConfigValue::List list;
  if (!by_name(outputs)) {
    for (const Entry& entry : entries_) list.push_back(entry.config());
    return list;
  }
  Config dictionary;
  for (const Entry& entry : entries_) {
    const auto& of_output = *entry.list();
    ConfigValue::List metrics;
    for (std::size_t i = 1; i < of_output.size(); ++i) {
      if (of_output[i].list() == nullptr) {
        metrics.push_back(of_output[i].config());
      } else {
        for (const Entry& each : *of_output[i].list()) metrics.push_back(each.config());
      }
    }
    dictionary.set(*of_output.front().name(), metrics);
  }
  return dictionary;
}

}  // namespace xtape
