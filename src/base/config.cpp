#include "xtape/base/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <typeindex>
#include <variant>

#include <cxxabi.h>

#include "base/check.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape {
namespace {

template <class T>
std::string joined(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    if constexpr (std::same_as<T, ConfigValue>) {
      text += fmt::format("{}{}", text.empty() ? "" : ", ", value.str());
    } else {
      text += fmt::format("{}{}", text.empty() ? "" : ", ", value);
    }
  }
  return "{" + text + "}";
}

/// The names under which users have registered their classes.
struct ClassNames {
  std::mutex mutex;
  std::map<std::type_index, std::string> names;
};
ClassNames& class_names() {
  static ClassNames names;
  return names;
}

/// "xtape::layers::Dense"
std::string full_name(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  return full.substr(0, full.find('<'));
}

auto found(const std::vector<Config::Entry>& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

struct ConfigValue::Held {
  struct Custom {
    friend bool operator==(const Custom&, const Custom&) = default;
  };
  std::variant<bool, std::int64_t, double, std::string, Integers, Numbers, List, Config, Custom> value;
};

ConfigValue::ConfigValue(const char* text) { set(std::string(text)); }
ConfigValue::ConfigValue(Config config) : held_(std::make_shared<const Held>(Held{std::move(config)})) {}

ConfigValue::ConfigValue(List list) {
  const auto all = [&](auto is) { return std::all_of(list.begin(), list.end(), is); };
  if (all([](const ConfigValue& v) { return v.get<std::int64_t>() != nullptr; })) {
    Integers integers;
    for (const auto& value : list) integers.push_back(*value.get<std::int64_t>());
    set(std::move(integers));
  } else if (all([](const ConfigValue& v) { return v.get<std::int64_t>() != nullptr || v.get<double>() != nullptr; })) {
    Numbers numbers;
    for (const auto& value : list) {
      const auto* integer = value.get<std::int64_t>();
      numbers.push_back(integer != nullptr ? static_cast<double>(*integer) : *value.get<double>());
    }
    set(std::move(numbers));
  } else {
    held_ = std::make_shared<const Held>(Held{std::move(list)});
  }
}

ConfigValue ConfigValue::custom() {
  ConfigValue value;
  value.held_ = std::make_shared<const Held>(Held{Held::Custom{}});
  return value;
}
bool ConfigValue::is_custom() const noexcept { return get<Held::Custom>() != nullptr; }

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
template const ConfigValue::List* ConfigValue::get<ConfigValue::List>() const noexcept;
template const Config* ConfigValue::get<Config>() const noexcept;

std::string ConfigValue::str() const {
  if (const auto* flag = get<bool>()) return *flag ? "true" : "false";
  if (const auto* integer = get<std::int64_t>()) return std::to_string(*integer);
  if (const auto* number = get<double>()) return fmt::format("{}", *number);
  if (const auto* text = get<std::string>()) return '"' + *text + '"';
  if (const auto* integers = get<Integers>()) return joined(*integers);
  if (const auto* numbers = get<Numbers>()) return joined(*numbers);
  if (const auto* list = get<List>()) return joined(*list);
  if (const auto* config = get<Config>()) return config->str();
  if (is_custom()) return "custom";
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

const ConfigValue& Config::attached(std::string_view name) const& noexcept {
  static const ConfigValue none;
  const auto entry = found(attachments_, name);
  return entry == attachments_.end() ? none : entry->second;
}

void Config::attach(std::string name, ConfigValue value) {
  const auto entry = found(attachments_, name);
  if (entry == attachments_.end()) {
    attachments_.emplace_back(std::move(name), std::move(value));
  } else {
    attachments_[static_cast<std::size_t>(entry - attachments_.begin())].second = std::move(value);
  }
}

std::string Config::str() const {
  std::string text;
  for (const auto& [name, value] : entries_) text += (text.empty() ? "" : ", ") + name + " = " + value.str();
  return class_name_ + "{" + text + "}";
}

namespace detail {

std::string class_of(const std::type_info& type) {
  const std::string full = full_name(type);
  return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
}

void register_class_name(const std::type_info& type, const std::string& name) {
  ClassNames& known = class_names();
  const std::lock_guard lock(known.mutex);
  known.names[type] = name;
}

bool has_registered_name(const std::type_info& type) {
  ClassNames& known = class_names();
  const std::lock_guard lock(known.mutex);
  return known.names.contains(type);
}

Config config_of_class(const std::type_info& type, std::vector<Config::Entry> entries) {
  {
    ClassNames& known = class_names();
    const std::lock_guard lock(known.mutex);
    if (const auto found = known.names.find(type); found != known.names.end())
      return Config(found->second, std::move(entries));
  }
  const std::string full = full_name(type);
  std::string module;
  if (full.starts_with("xtape::") && !full.starts_with("xtape::testing")) {
    module = fmt::format("keras{}", full.substr(5, full.rfind("::") - 5));
    for (std::size_t at; (at = module.find("::")) != std::string::npos;) module.replace(at, 2, 1, '.');
  }
  return Config(class_of(type), std::move(entries), std::move(module));
}

Config Described::described(const std::type_info& type, std::vector<Config::Entry> own) const {
  Config config = config_of_class(type, std::move(own));
  if (description_ == nullptr) return config;
  for (const auto& [name, value] : description_->arguments) config.set(name, value);
  for (const auto& [name, value] : description_->options()) {
    if (name != "name" || !config.contains("name")) config.set(name, value);
  }
  return config;
}

}  // namespace detail
}  // namespace xtape
