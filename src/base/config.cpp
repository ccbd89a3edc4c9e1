#include "xtape/base/config.hpp"

#include <algorithm>
#include <cstdlib>

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

ConfigValue::ConfigValue(Config config) : value_(std::make_shared<const Config>(std::move(config))) {}

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
  const Config *x = a.get<Config>(), *y = b.get<Config>();
  return x != nullptr && y != nullptr ? *x == *y : a.value_ == b.value_;
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
