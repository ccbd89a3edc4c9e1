#include "base/function_config.hpp"

#include "base/check.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape::detail {

std::optional<ConfigValue> class_of_function(const Config& config, std::string_view wrapper) {
  if (config.class_name() == "function") {
    if (!config.contains("name")) fail_missing(config, "name");
    return text_of(config["name"]);
  }
  if (config.class_name() != wrapper) return {};
  if (!config.contains("fn")) fail_missing(config, "fn");
  const ConfigValue& fn = config["fn"];
  std::string name;
  read_argument(config.class_name(), "fn", [&] {
    const auto* function = fn.get<Config>();
    if (function != nullptr && (function->class_name() != "function" || !function->contains("name"))) {
      fail_config("the name of a function", fn);
    }
    name = text_of(function != nullptr ? (*function)["name"] : fn);
  });
  Config of_class(name, {}, config.module());
  for (const auto& [key, value] : config.entries()) {
    if (key != "fn") of_class.set(key, value);
  }
  return of_class;
}

void check_last_axis(const Config& given, const Config& made) {
  if (!given.contains("axis") || made.contains("axis")) return;
  const ConfigValue& axis = given["axis"];
  if (axis.is_none() || axis == -1 || axis == ConfigValue::Integers{-1}) return;
  fail<ValueError>("from_config", "{} takes the last axis, expected axis = -1, received {}", given.class_name(),
                   axis.str());
}

}  // namespace xtape::detail
