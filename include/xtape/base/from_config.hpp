#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"

// Objects from their Configs: the inverse of config().
namespace xtape {
namespace detail {

/// Throws a ValueError: "expected an integer, received "abc"".
[[noreturn]] void fail_config(const char* expected, const ConfigValue& value);
/// Calls `read`; a ValueError or TypeError that it throws becomes one that begins with "Dense: argument 'units': ".
void read_argument(const std::string& class_name, std::string_view name, const std::function<void()>& read);
/// Throws a ValueError for a class that is neither known nor registered: "unknown loss class 'Own'; ...".
[[noreturn]] void fail_unknown_class(const char* kind, const std::string& class_name);
/// Throws a ValueError for a Config without an argument that the class requires.
[[noreturn]] void fail_missing(const Config& config, std::string_view name);

bool bool_of(const ConfigValue& value);
/// Also of a number without a fraction, and of a list of one, as Keras has for layers of one dimension. Throws a
/// ValueError outside of [least, greatest].
std::int64_t integer_of(const ConfigValue& value, std::int64_t least, std::uint64_t greatest);
double number_of(const ConfigValue& value);
const std::string& text_of(const ConfigValue& value);
/// The elements of a list; a number is a list of one.
ConfigValue::List list_of(const ConfigValue& value);
const Config& config_of(const ConfigValue& value);

template <class T>
concept HasFromConfig = requires(const ConfigValue& value) {
  { T::from_config(value) } -> std::same_as<T>;
};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsArray : std::false_type {};
template <class T, std::size_t n>
struct IsArray<std::array<T, n>> : std::true_type {};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <HasFields T>
void read_fields(const Config& config, T& object);

/// The value as a T, for any type that options have. Throws a ValueError for a value of another type.
template <class T>
T value_as(const ConfigValue& value) {
  if constexpr (std::same_as<T, ConfigValue>) {
    return value;
  } else if constexpr (HasFromConfig<T>) {
    return T::from_config(value);
  } else if constexpr (requires { from_config_value(value, static_cast<T*>(nullptr)); }) {
    return from_config_value(value, static_cast<T*>(nullptr));
  } else if constexpr (std::same_as<T, bool>) {
    return bool_of(value);
  } else if constexpr (std::integral<T>) {
    constexpr bool is_signed = std::is_signed_v<T>;
    const std::int64_t integer = integer_of(value, is_signed ? std::int64_t{std::numeric_limits<T>::min()} : 0,
                                            std::uint64_t{std::numeric_limits<T>::max()});
    return static_cast<T>(integer);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(number_of(value));
  } else if constexpr (std::same_as<T, std::string>) {
    return text_of(value);
  } else if constexpr (IsOptional<T>::value) {
    if (value.is_none()) return std::nullopt;
    return value_as<typename T::value_type>(value);
  } else if constexpr (HasFields<T> && std::default_initializable<T>) {
    T object{};
    read_fields(config_of(value), object);
    return object;
  } else if constexpr (IsArray<T>::value) {
    const auto list = list_of(value);
    T array{};
    if (list.size() != array.size()) fail_config("a list of another length", value);
    for (std::size_t i = 0; i < array.size(); ++i) array[i] = value_as<typename T::value_type>(list[i]);
    return array;
  } else if constexpr (requires(T list) { list.push_back(std::declval<typename T::value_type>()); }) {
    T result;
    for (const auto& element : list_of(value)) result.push_back(value_as<typename T::value_type>(element));
    return result;
  } else if constexpr (std::constructible_from<T, std::vector<std::int64_t>>) {
    std::vector<std::int64_t> sizes;  // of a shape, in which none stands for any size
    for (const auto& size : list_of(value)) sizes.push_back(size.is_none() ? -1 : value_as<std::int64_t>(size));
    return T(sizes);
  } else {
    if constexpr (std::is_constructible_v<T, std::nullptr_t>) {
      if (value.is_none()) return T(nullptr);
    }
    fail_config("nothing: this argument cannot be read from a config", value);
  }
}

/// Sets the fields that the config has. None leaves a field as it is whose type has no such value.
template <HasFields T>
void read_fields(const Config& config, T& object) {
  object.fields([&](std::string_view name, auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    if (!config.contains(name)) return;
    const ConfigValue& value = config[name];
    if constexpr (std::is_arithmetic_v<Field> || std::same_as<Field, std::string> || IsVector<Field>::value) {
      if (value.is_none()) return;
    }
    read_argument(config.class_name(), name, [&] { field = value_as<Field>(value); });
  });
}

/// An argument of a constructor of Made: converts to its type.
template <class Made>
class ConfigArgument {
 public:
  ConfigArgument(const Config& config, std::string_view name, const ConfigValue& value)
      : config_(config), name_(name), value_(value) {}
  template <class T>
  requires(!HasFields<T> && !std::same_as<T, Made>) operator T() const {
    std::optional<T> result;
    read_argument(config_.class_name(), name_, [&] { result.emplace(value_as<T>(value_)); });
    return *std::move(result);
  }

 private:
  const Config& config_;
  std::string_view name_;
  const ConfigValue& value_;
};

/// The options of a constructor: converts to their struct.
class ConfigOptions {
 public:
  explicit ConfigOptions(const Config& config) : config_(config) {}
  template <HasFields T>
  operator T() const {
    T options{};
    read_fields(config_, options);
    return options;
  }

 private:
  const Config& config_;
};

/// A T from its Config, by T::from_config(config) if the class has that function, and otherwise by its constructor:
/// `names` are the names of its arguments before the options, in their order. Arguments that the config lacks are those
/// of T() where that exists; otherwise a ValueError.
template <class T, std::size_t n>
T make_from_config(const Config& config, const std::array<const char*, n>& names) {
  if constexpr (requires {
                  { T::from_config(config) } -> std::same_as<T>;
                }) {
    return T::from_config(config);
  } else {
    static_assert(n <= 3, "write a function static T from_config(const Config&)");
    std::array<ConfigValue, n> values;
    std::optional<Config> defaults;
    for (std::size_t i = 0; i < n; ++i) {
      if (config.contains(names[i])) {
        values[i] = config[names[i]];
      } else if constexpr (requires { T().config(); }) {
        if (!defaults) defaults = T().config();
        values[i] = (*defaults)[names[i]];
      } else {
        fail_missing(config, names[i]);
      }
    }
    const auto make = [&]<std::size_t... i>(std::index_sequence<i...>) {
      const ConfigOptions options(config);
      if constexpr (n == 0 && HasFields<T> && std::default_initializable<T>) {
        T object{};
        read_fields(config, object);
        return object;
      } else if constexpr (std::is_constructible_v<T, decltype((void)i, std::declval<ConfigArgument<T>>())...,
                                                   ConfigOptions>) {
        return T(ConfigArgument<T>(config, names[i], values[i])..., options);
      } else {
        return T(ConfigArgument<T>(config, names[i], values[i])...);
      }
    };
    return make(std::make_index_sequence<n>());
  }
}

/// The users' classes of one kind: how to make an object, by the name under which its class is registered.
template <class Made>
class Registry {
 public:
  using Maker = std::function<Made(const Config&)>;

  /// A name that is taken gets the new maker, as in Keras.
  void add(const std::string& name, Maker maker) {
    const std::lock_guard lock(mutex_);
    makers_[name] = std::make_shared<const Maker>(std::move(maker));
  }
  /// Null for a name that is not registered.
  std::shared_ptr<const Maker> find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = makers_.find(name);
    return found == makers_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Maker>> makers_;
};

/// Makes config_of_class() use this name for the class.
void register_class_name(const std::type_info& type, const std::string& name);
bool has_registered_name(const std::type_info& type);

/// Warns, once for each class and argument, of arguments of a Config that the class does not have, unless they ask for
/// nothing: none, false, or Keras's own defaults such as data_format = "channels_last". Throws a ValueError for
/// data_format = "channels_first".
void report_unknown_arguments(const Config& given, const Config& made);

}  // namespace detail
}  // namespace xtape
