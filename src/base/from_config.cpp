#include "xtape/base/from_config.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.hpp"
#include "base/warn.hpp"

namespace xtape::detail {
namespace {

/// A value in a message, where a long list would hide the rest.
std::string short_text(const ConfigValue& value) {
  std::string text = value.str();
  if (text.size() > 200) text = text.substr(0, 200) + "...";
  return text;
}

/// Arguments of Keras that ask for what xtape does anyway, or that say nothing about the computation.
bool asks_for_nothing(const std::string& name, const ConfigValue& value) {
  if (value.is_none()) return true;
  const auto* flag = value.get<bool>();
  const auto* text = value.get<std::string>();
  if (flag != nullptr && !*flag) return true;
  // Attention over the axis of steps, the only one that sequences have.
  if (name == "attention_axes") return value == ConfigValue(ConfigValue::Integers{1});
  if (name == "data_format") return text != nullptr && *text == "channels_last";
  if (name == "axis" && (value == -1 || value == ConfigValue::Integers{-1})) return true;
  static const std::set<std::string> harmless = {"autocast",
                                                 "batch_input_shape",
                                                 "batch_shape",
                                                 "build_input_shape",
                                                 "dtype",
                                                 "dynamic",
                                                 "ema_momentum",
                                                 "fused",
                                                 "implementation",
                                                 "input_dtype",
                                                 "input_length",
                                                 "input_shape",
                                                 "is_legacy_optimizer",
                                                 "jit_compile",
                                                 "name",
                                                 "ragged",
                                                 "registered_name",
                                                 "renorm",
                                                 "renorm_clipping",
                                                 "renorm_momentum",
                                                 "run_eagerly",
                                                 "sparse",
                                                 "steps_per_execution",
                                                 "synchronized",
                                                 "time_major",
                                                 "use_cudnn",
                                                 "zero_output_for_mask"};
  return harmless.contains(name);
}

}  // namespace

void fail_config(const char* expected, const ConfigValue& value) {
  fail<ValueError>("from_config", "expected {}, received {}", expected, short_text(value));
}

void read_argument(const std::string& class_name, std::string_view name, const std::function<void()>& read) {
  const auto at = [&](const Error& error) {
    const std::string inner = error.message();
    const std::string prefix = "[from_config] ";
    return fmt::format("{}.{}: {}", class_name, name, inner.starts_with(prefix) ? inner.substr(prefix.size()) : inner);
  };
  try {
    read();
  } catch (const ValueError& error) {
    fail<ValueError>("from_config", "{}", Whole{at(error)});
  } catch (const TypeError& error) {
    fail<ValueError>("from_config", "{}", Whole{at(error)});
  }
}

void fail_unknown_class(const char* kind, const std::string& class_name) {
  fail<ValueError>("from_config",
                   "unknown {} class '{}'; a class of your own must be registered: register_serializable<{}>(\"{}\")",
                   kind, class_name, class_name.substr(class_name.rfind('>') + 1), class_name);
}

void fail_missing(const Config& config, std::string_view name) {
  std::string names;
  for (const auto& entry : config.entries()) names += (names.empty() ? "" : ", ") + entry.first;
  fail<ValueError>("from_config", "{} needs the argument '{}'; the config has {}", config.class_name(), name,
                   names.empty() ? "none" : "only: " + names);
}

bool bool_of(const ConfigValue& value) {
  if (const auto* flag = value.get<bool>()) return *flag;
  if (const auto* integer = value.get<std::int64_t>(); integer != nullptr && (*integer == 0 || *integer == 1)) {
    return *integer == 1;
  }
  fail_config("true or false", value);
}

std::int64_t integer_of(const ConfigValue& value, std::int64_t least, std::uint64_t greatest) {
  std::int64_t integer = 0;
  if (const auto* held = value.get<std::int64_t>()) {
    integer = *held;
  } else if (const auto* list = value.get<ConfigValue::Integers>(); list != nullptr && list->size() == 1) {
    integer = list->front();
  } else if (const auto* number = value.get<double>();
             number != nullptr && *number == std::floor(*number) && std::abs(*number) <= 9007199254740992.0) {
    integer = static_cast<std::int64_t>(*number);
  } else {
    fail_config("an integer", value);
  }
  if (integer < least || (integer > 0 && static_cast<std::uint64_t>(integer) > greatest)) {
    fail<ValueError>("from_config", "expected an integer from {} to {}, received {}", least, greatest, integer);
  }
  return integer;
}

double number_of(const ConfigValue& value) {
  if (const auto* number = value.get<double>()) return *number;
  if (const auto* integer = value.get<std::int64_t>()) return static_cast<double>(*integer);
  fail_config("a number", value);
}

const std::string& text_of(const ConfigValue& value) {
  if (const auto* text = value.get<std::string>()) return *text;
  fail_config("a text", value);
}

ConfigValue::List list_of(const ConfigValue& value) {
  if (const auto* list = value.get<ConfigValue::List>()) return *list;
  if (const auto* integers = value.get<ConfigValue::Integers>())
    return ConfigValue::List(integers->begin(), integers->end());
  if (const auto* numbers = value.get<ConfigValue::Numbers>())
    return ConfigValue::List(numbers->begin(), numbers->end());
  if (value.get<std::int64_t>() != nullptr || value.get<double>() != nullptr) return {value};
  fail_config("a list", value);
}

const Config& config_of(const ConfigValue& value) {
  if (const auto* config = value.get<Config>()) return *config;
  fail_config("an object", value);
}

void report_unknown_arguments(const Config& given, const Config& made) {
  for (const auto& [name, value] : given.entries()) {
    if (made.contains(name)) continue;
    if (name == "data_format" && value == ConfigValue("channels_first")) {
      fail<ValueError>("from_config",
                       "{} has data_format = \"channels_first\", but xtape's layers have the channels last",
                       given.class_name());
    }
    if (asks_for_nothing(name, value)) continue;
    static std::mutex mutex;
    static std::set<std::string> told;
    const std::lock_guard lock(mutex);
    if (!told.insert(given.class_name() + "." + name).second) continue;
    warn(fmt::format("[from_config] ignores the argument {} = {} of {}, which the class does not have in xtape", name,
                     short_text(value), given.class_name()));
  }
}

}  // namespace xtape::detail
