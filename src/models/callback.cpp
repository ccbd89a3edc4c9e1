#include "xtape/models/callback.hpp"

#include <algorithm>

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

Model& Callback::model() const {
  if (model_ == nullptr) detail::fail<RuntimeError>("Callback.model", "the callback has not been given to a model");
  return *model_;
}

AnyCallback::AnyCallback(Callback* callback)
    : AnyOf(callback == nullptr ? nullptr : std::shared_ptr<Callback>(callback, [](Callback*) {})) {}

const std::vector<double>& History::operator[](const std::string& name) const {
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
