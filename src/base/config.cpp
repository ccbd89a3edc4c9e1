#include "xtape/base/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <variant>

#include <cxxabi.h>

#include "base/check.hpp"

namespace xtape {
namespace {

template <class T>
std::string joined(const std::vector<T>& numbers) {
  std::string text;
  for (const T number : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
  return "{" + text + "}";
}

auto found(const std::vector<Config::Entry>& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

struct ConfigValue::Held {
  std::variant<bool, std::int64_t, double, std::string, Integers, Numbers, Config> value;
};

ConfigValue::ConfigValue(const char* text) { set(std::string(text)); }
ConfigValue::ConfigValue(Config config) : held_(std::make_shared<const Held>(Held{std::move(config)})) {}

void ConfigValue::set(bool value) { held_ = std::make_shared<const Held>(Held{value}); }
void ConfigValue::set(std::int64_t value) { held_ = std::make_shared<const Held>(Held{value}); }
void ConfigValue::set(double value) { held_ = std::make_shared<const Held>(Held{value}); }
void ConfigValue::set(std::string value) { held_ = std::make_shared<const Held>(Held{std::move(value)}); }
void ConfigValue::set(Integers value) { held_ = std::make_shared<const Held>(Held{std::move(value)}); }
void ConfigValue::set(Numbers value) { held_ = std::make_shared<const Held>(Held{std::move(value)}); }

template <class T>
const T* ConfigValue::get() const noexcept {
  return held_ == nullptr ? nullptr : std::get_if<T>(&held_->value);
}
template const bool* ConfigValue::get<bool>() const noexcept;
template const std::int64_t* ConfigValue::get<std::int64_t>() const noexcept;
template const double* ConfigValue::get<double>() const noexcept;
template const std::string* ConfigValue::get<std::string>() const noexcept;
template const ConfigValue::Integers* ConfigValue::get<ConfigValue::Integers>() const noexcept;
template const ConfigValue::Numbers* ConfigValue::get<ConfigValue::Numbers>() const noexcept;
template const Config* ConfigValue::get<Config>() const noexcept;

std::string ConfigValue::str() const {
  if (const auto* flag = get<bool>()) return *flag ? "true" : "false";
  if (const auto* integer = get<std::int64_t>()) return std::to_string(*integer);
  if (const auto* number = get<double>()) return fmt::format("{}", *number);
  if (const auto* text = get<std::string>()) return '"' + *text + '"';
  if (const auto* integers = get<Integers>()) return joined(*integers);
  if (const auto* numbers = get<Numbers>()) return joined(*numbers);
  if (const auto* config = get<Config>()) return config->str();
  return "none";
}

bool operator==(const ConfigValue& a, const ConfigValue& b) {
  return a.is_none() || b.is_none() ? a.is_none() == b.is_none() : a.held_->value == b.held_->value;
}

bool Config::contains(std::string_view name) const noexcept { return found(entries_, name) != entries_.end(); }

const ConfigValue& Config::operator[](std::string_view name) const& {
  const auto entry = found(entries_, name);
  if (entry != entries_.end()) return entry->second;
  std::string names;
  for (const auto& each : entries_) names += (names.empty() ? "" : ", ") + each.first;
  detail::fail<ValueError>("Config", "{} has no argument '{}', only: {}", class_name_, std::string(name), names);
}

void Config::set(std::string name, ConfigValue value) {
  const auto entry = found(entries_, name);
  if (entry == entries_.end()) {
    entries_.emplace_back(std::move(name), std::move(value));
  } else {
    entries_[static_cast<std::size_t>(entry - entries_.begin())].second = std::move(value);
  }
}

std::string Config::str() const {
  std::string text;
  for (const auto& [name, value] : entries_) text += (text.empty() ? "" : ", ") + name + " = " + value.str();
  return class_name_ + "{" + text + "}";
}

namespace detail {

std::string class_of(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  full = full.substr(0, full.find('<'));
  return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
}

}  // namespace detail
}  // namespace xtape
