#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "xtape/base/compiler.hpp"

// The arguments that an object was made with, as data: their names and values.
namespace xtape {

class Config;

namespace detail {
template <class Made>
class Registry;  // in from_config.hpp
}

/// A value in a Config: none, a bool, a number, a text, a list, or the Config of an object. Lists of numbers have types
/// of their own; an empty list is Integers.
class ConfigValue {
 public:
  using Integers = std::vector<std::int64_t>;
  using Numbers = std::vector<double>;
  using List = std::vector<ConfigValue>;

  /// None.
  ConfigValue() = default;
  ConfigValue(const char* text);
  ConfigValue(Config config);
  /// A list of integers or of numbers becomes Integers or Numbers.
  ConfigValue(List list);
  /// A value of any type that options have: a bool, a number, a text, an optional or a list of these, an object with
  /// config(), or one with a function config_value(object). Anything else, such as a lambda, is custom().
  template <class T>
  requires(!std::same_as<T, ConfigValue> && !std::same_as<T, Config> && !std::same_as<T, List>)
      ConfigValue(const T& value) {
    if constexpr (std::same_as<T, bool> || std::same_as<T, std::string>) {
      set(value);
    } else if constexpr (std::integral<T>) {
      set(static_cast<std::int64_t>(value));
    } else if constexpr (std::floating_point<T>) {
      set(static_cast<double>(value));
    } else if constexpr (requires { value.config(); }) {
      *this = ConfigValue(value.config());
    } else if constexpr (requires {
                           value.has_value();
                           *value;
                         }) {
      if (value.has_value()) *this = ConfigValue(*value);
    } else if constexpr (requires { value->config(); }) {
      *this = ConfigValue(value->config());
    } else if constexpr (requires { requires std::integral<std::decay_t<decltype(*value.begin())>>; }) {
      set(Integers(value.begin(), value.end()));
    } else if constexpr (requires { requires std::floating_point<std::decay_t<decltype(*value.begin())>>; }) {
      set(Numbers(value.begin(), value.end()));
    } else if constexpr (requires { config_value(value); }) {
      *this = config_value(value);
    } else if constexpr (requires { ConfigValue(*value.begin()); }) {
      *this = ConfigValue(List(value.begin(), value.end()));
    } else {
      if constexpr (requires { value == nullptr; }) {
        if (value == nullptr) return;
      }
      *this = custom();
    }
  }
  /// What cannot be described, such as a lambda.
  static ConfigValue custom();

  bool is_none() const noexcept { return held_ == nullptr; }
  bool is_custom() const noexcept;
  /// The value if it is a T, otherwise null: `if (auto* units = value.get<std::int64_t>())`. T is bool, std::int64_t,
  /// double, std::string, Integers, Numbers, List or Config.
  template <class T>
  const T* get() const noexcept;
  /// As in C++ source: `none`, `true`, `3`, `0.5`, `"relu"`, `{1, 2}`, `L2{l2 = 0.01}`, `custom`.
  std::string str() const;
  friend bool operator==(const ConfigValue& a, const ConfigValue& b);

 private:
  struct Held;  // in the .cpp, since every program would compile it
  void set(bool value);
  void set(std::int64_t value);
  void set(double value);
  void set(std::string value);
  void set(Integers value);
  void set(Numbers value);

  std::shared_ptr<const Held> held_;  ///< null: none
};

/// The class of an object, and the arguments that it was made with, in the order in which they are declared, under
/// Keras's names. Without a class name it is a plain dictionary.
///
///     layers::Dense(10, {.activation = "relu"}).config()["units"]    // 10
class Config {
 public:
  using Entry = std::pair<std::string, ConfigValue>;

  Config() = default;
  explicit Config(std::string class_name, std::vector<Entry> entries = {}, std::string module = {})
      : class_name_(std::move(class_name)), module_(std::move(module)), entries_(std::move(entries)) {}

  const std::string& class_name() const& noexcept { return class_name_; }
  std::string class_name() const&& { return class_name_; }
  /// Where Keras has the class: "keras.layers". Empty for a user's class, whose class_name() is then the name under
  /// which it was registered.
  const std::string& module() const& noexcept { return module_; }
  std::string module() const&& { return module_; }
  const std::vector<Entry>& entries() const& noexcept { return entries_; }
  std::vector<Entry> entries() const&& { return entries_; }

  bool contains(std::string_view name) const noexcept;
  /// The value of an argument. An unknown name throws a ValueError that lists the known ones.
  const ConfigValue& operator[](std::string_view name) const&;
  ConfigValue operator[](std::string_view name) const&& { return (*this)[name]; }
  /// Sets the value of an argument; a new name is appended.
  void set(std::string name, ConfigValue value);

  /// What stands beside the arguments in Keras's files, such as `inbound_nodes` and `compile_config`; none if absent.
  const ConfigValue& attached(std::string_view name) const& noexcept;
  ConfigValue attached(std::string_view name) const&& { return attached(name); }
  const std::vector<Entry>& attachments() const& noexcept { return attachments_; }
  std::vector<Entry> attachments() const&& { return attachments_; }
  void attach(std::string name, ConfigValue value);

  /// `Dense{units = 10, activation = "relu", ...}`
  std::string str() const;
  friend bool operator==(const Config&, const Config&) = default;

 private:
  std::string class_name_, module_;
  std::vector<Entry> entries_, attachments_;
};

extern template const bool* ConfigValue::get<bool>() const noexcept;
extern template const std::int64_t* ConfigValue::get<std::int64_t>() const noexcept;
extern template const double* ConfigValue::get<double>() const noexcept;
extern template const std::string* ConfigValue::get<std::string>() const noexcept;
extern template const ConfigValue::Integers* ConfigValue::get<ConfigValue::Integers>() const noexcept;
extern template const ConfigValue::Numbers* ConfigValue::get<ConfigValue::Numbers>() const noexcept;
extern template const ConfigValue::List* ConfigValue::get<ConfigValue::List>() const noexcept;
extern template const Config* ConfigValue::get<Config>() const noexcept;

namespace detail {

/// Calls f(name, value) for each value. `names` lists the names as the preprocessor writes them: "units, use_bias".
template <class F, class... T>
void visit_named(F&& f, std::string_view names, T&... values) {
  [[maybe_unused]] const auto visit = [&](auto& value) {
    const std::size_t comma = names.find(',');
    f(names.substr(0, comma), value);
    names = comma == std::string_view::npos ? "" : names.substr(names.find_first_not_of(", ", comma));
  };
  (visit(values), ...);
}

template <class T>
concept HasFields = requires(const T& object) {
  object.fields([](std::string_view, const auto&) {});
};

template <HasFields T>
std::vector<Config::Entry> field_entries(const T& object) {
  std::vector<Config::Entry> entries;
  object.fields([&](std::string_view name, const auto& value) { entries.emplace_back(name, ConfigValue(value)); });
  return entries;
}

/// "xtape::layers::Dense" -> "Dense", "(anonymous namespace)::MLP" -> "MLP"
std::string class_of(const std::type_info& type);

/// The Config of an object of a class: under the name with which a user has registered the class, otherwise under the
/// class's own name, with Keras's module for a class of xtape ("xtape::layers::Dense" -> "keras.layers").
Config config_of_class(const std::type_info& type, std::vector<Config::Entry> entries);

/// The Config of the callable in a std::function: its config(), or its class and its fields, or custom for one without
/// these.
template <class F, class Function>
ConfigValue config_of_callable(const Function& function) {
  if constexpr (requires(const F& callable) { callable.config(); }) {
    return function.template target<F>()->config();
  } else if constexpr (HasFields<F>) {
    return config_of_class(typeid(F), field_entries(*function.template target<F>()));
  } else {
    return ConfigValue::custom();
  }
}

/// Assigns values to the first fields of an options struct, as Python's arguments without names.
template <class... Values>
struct FirstFields;
template <>
struct FirstFields<> {
  template <class... Fields>
  void operator()(Fields&...) const {}
};
template <class Value, class... Values>
struct FirstFields<Value, Values...> {
  const Value& value;
  FirstFields<Values...> rest;

  explicit FirstFields(const Value& first, const Values&... others) : value(first), rest{others...} {}
  template <class Field, class... Fields>
  requires(std::is_convertible_v<const Value&, Field>&& std::is_invocable_v<FirstFields<Values...>, Fields&...>) void
  operator()(Field& field, Fields&... fields) const {
    field = static_cast<Field>(value);
    rest(fields...);
  }
};
template <class Options, class... Values>
concept HasFirstFields = sizeof...(Values) > 0 && requires(Options& options, const FirstFields<Values...>& values) {
  options.with_fields(values);
};
template <class Options, class... Values>
Options with_first_fields(Options options, const Values&... values) {
  options.with_fields(FirstFields<Values...>(values...));
  return options;
}

/// What an object was made with, which its config() reads when it is called: arguments, and the options of a derived
/// class.
struct Description {
  explicit Description(std::vector<Config::Entry> args) : arguments(std::move(args)) {}
  virtual ~Description() = default;
  virtual std::vector<Config::Entry> options() const { return {}; }
  std::vector<Config::Entry> arguments;
};
template <HasFields Options>
struct DescriptionWithOptions : Description {
  DescriptionWithOptions(std::vector<Config::Entry> args, const Options& given)
      : Description(std::move(args)), own(given) {}
  std::vector<Config::Entry> options() const override { return field_entries(own); }
  Options own;
};

/// The base of losses, metrics, optimizers and schedules, which know what they were made with.
class Described {
 protected:
  /// Sets what config() gives, for use in constructors: the fields of the options, a struct with XTAPE_FIELDS, and the
  /// arguments of the constructor before these. The last call counts, that of the most derived class.
  template <HasFields Options>
  void describe(const Options& options, std::vector<Config::Entry> arguments = {}) {
    description_ = std::make_shared<const DescriptionWithOptions<Options>>(std::move(arguments), options);
  }
  /// For a class without options.
  void describe(std::vector<Config::Entry> arguments) {
    description_ = std::make_shared<const Description>(std::move(arguments));
  }
  /// The Config of an object of the class: `own` entries of the base, then what describe() has set, which counts where
  /// both have an argument, except for the name.
  Config described(const std::type_info& type, std::vector<Config::Entry> own) const;

 private:
  std::shared_ptr<const Description> description_;  ///< null for a class that does not call describe()
};

}  // namespace detail
}  // namespace xtape

/// In a struct: lists all its fields in their order, so that they can be read and set as data. `fields(f)` calls
/// f(name, value) for each field; a layer's config() has the fields of its options, and from_config() sets them.
/// `with_fields(f)` calls f with all fields at once.
#define XTAPE_FIELDS(...)                                                     \
  template <class F>                                                          \
  auto with_fields(const F& f)->decltype(f(__VA_ARGS__)) {                    \
    return f(__VA_ARGS__);                                                    \
  }                                                                           \
  template <class F>                                                          \
  void fields([[maybe_unused]] F&& f) const {                                 \
    ::xtape::detail::visit_named(f, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                           \
  template <class F>                                                          \
  void fields([[maybe_unused]] F&& f) {                                       \
    ::xtape::detail::visit_named(f, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__); \
  }

/// In a class with a constructor that takes Options: the constructors in which the first options have no names, as in
/// Keras, beside the one in which all have: SGD(0.01, 0.9), SGD(0.01, {.nesterov = true}). `required` of them must be
/// given.
#define XTAPE_FIRST_OPTIONS(Class, Options, required)                                                                \
  template <class... First>                                                                                          \
  requires(sizeof...(First) >= required &&                                                                           \
           ::xtape::detail::HasFirstFields<Options, First...>) explicit Class(const First&... first)                 \
      : Class(::xtape::detail::with_first_fields(Options{}, first...)) {}                                            \
  template <class First>                                                                                             \
  requires(required <= 1 && ::xtape::detail::HasFirstFields<Options, First>) Class(const First& first, Options more) \
      : Class(::xtape::detail::with_first_fields(std::move(more), first)) {}
