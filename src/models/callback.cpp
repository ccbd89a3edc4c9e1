#include "xtape/models/callback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/check.hpp"
#include "xtape/models/history.hpp"

namespace xtape {

double Logs::operator[](std::string_view name) const {
  if (const double* value = find(name)) return *value;
  std::string names;
  for (const auto& [known, value] : values_) names += (names.empty() ? "" : ", ") + known;
  detail::fail<LookupError>("Logs", "there is no figure '{}', only: {}", name, names);
}

const double* Logs::find(std::string_view name) const& noexcept {
  for (const auto& [known, value] : values_) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Logs::set(std::string_view name, double value) {
  for (auto& [known, old] : values_) {
    if (known == name) {
      old = value;
      return;
    }
  }
  values_.emplace_back(name, value);
}

std::ostream& operator<<(std::ostream& stream, const Logs& logs) { return stream << detail::formatted(logs, ""); }
std::ostream& operator<<(std::ostream& stream, const EpochValues& values) {
  return stream << detail::formatted(values, "");
}

namespace detail {
namespace {
std::string formatted_number(double value, fmt::string_view specification) {
  try {
    return fmt::format(fmt::runtime(fmt::format("{{:{}}}", specification)), value);
  } catch (const fmt::format_error& error) {
    fail<ValueError>("format", "'{}' does not suit numbers: {}", specification, error.what());
  }
}
}  // namespace

template <>
std::string formatted(const Logs& logs, fmt::string_view specification) {
  std::string text = "{";
  for (const auto& [name, value] : logs) {
    text += fmt::format("{}'{}': {}", text.size() > 1 ? ", " : "", name, formatted_number(value, specification));
  }
  return text + "}";
}
template <>
std::string formatted(const EpochValues& values, fmt::string_view specification) {
  std::string text = "[";
  for (const double value : values) text += (text.size() > 1 ? ", " : "") + formatted_number(value, specification);
  return text + "]";
}
}  // namespace detail

Model& Callback::model() const {
  if (model_ == nullptr) detail::fail<RuntimeError>("Callback.model", "the callback has not been given to a model");
  return *model_;
}

AnyCallback::AnyCallback(Callback* callback)
    : AnyOf(callback == nullptr ? nullptr : std::shared_ptr<Callback>(callback, [](Callback*) {})) {}

const EpochValues& History::operator[](const std::string& name) const {
  const auto found = history.find(name);
  if (found != history.end()) return found->second;
  std::string names;
  for (const auto& [known, values] : history) names += (names.empty() ? "" : ", ") + known;
  detail::fail<LookupError>("History", "there is no figure '{}', only: {}", name, names);
}

void History::on_train_begin() {
  epoch.clear();
  history.clear();
}

void History::on_epoch_end(int number, const Logs& logs) {
  epoch.push_back(number);
  for (const auto& [name, value] : logs) history[name].push_back(value);
}

}  // namespace xtape
