#include "io/config_json.hpp"

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/check.hpp"

namespace xtape::detail {
namespace {

using Json = nlohmann::ordered_json;

constexpr int max_depth = 200;

Json written(const ConfigValue& value, const std::string& place);

Json written_entries(const std::vector<Config::Entry>& entries, const std::string& place) {
  Json object = Json::object();
  for (const auto& [name, value] : entries) object[name] = written(value, place.empty() ? name : place + "." + name);
  return object;
}

Json number(double value, const std::string& place) {
  if (!std::isfinite(value)) fail<ValueError>("to_json", "{} is {}, which JSON cannot hold", place, value);
  return value;
}

/// The elements of a tensor as lists in lists.
Json elements(const Config& tensor, const std::string& place) {
  const auto& flat = *tensor["elements"].get<ConfigValue::Numbers>();
  const auto& shape = *tensor["shape"].get<ConfigValue::Integers>();
  std::size_t next = 0;
  const auto nested = [&](const auto& self, std::size_t axis) -> Json {
    if (axis == shape.size()) return number(flat.at(next++), place);
    Json list = Json::array();
    for (std::int64_t i = 0; i < shape[axis]; ++i) list.push_back(self(self, axis + 1));
    return list;
  };
  return nested(nested, 0);
}

Json written_object(const Config& config, const std::string& place) {
  const std::string& name = config.class_name();
  if (name.empty()) return written_entries(config.entries(), place);
  if (name == "Tensor" && config.contains("elements") && config["elements"].get<ConfigValue::Numbers>() != nullptr) {
    return elements(config, place);
  }
  const std::string shown = place.empty() ? name : fmt::format("{} ({})", place, name);
  const bool users = config.module().empty() && !name.starts_with("__");
  Json object = Json::object();
  object["module"] = config.module().empty() ? Json() : Json(config.module());
  object["class_name"] = users ? name.substr(name.rfind('>') + 1) : name;
  object["config"] = written_entries(config.entries(), shown);
  object["registered_name"] = users || config.module().starts_with("keras.src") ? Json(name) : Json();
  for (const auto& [key, value] : config.attachments()) object[key] = written(value, shown + "." + key);
  return object;
}

Json written(const ConfigValue& value, const std::string& place) {
  if (const auto* flag = value.get<bool>()) return *flag;
  if (const auto* integer = value.get<std::int64_t>()) return *integer;
  if (const auto* real = value.get<double>()) return number(*real, place);
  if (const auto* text = value.get<std::string>()) return *text;
  if (const auto* integers = value.get<ConfigValue::Integers>()) return *integers;
  if (const auto* numbers = value.get<ConfigValue::Numbers>()) {
    Json list = Json::array();
    for (const double each : *numbers) list.push_back(number(each, place));
    return list;
  }
  if (const auto* list = value.get<ConfigValue::List>()) {
    Json array = Json::array();
    for (std::size_t i = 0; i < list->size(); ++i)
      array.push_back(written((*list)[i], fmt::format("{}[{}]", place, i)));
    return array;
  }
  if (const auto* config = value.get<Config>()) return written_object(*config, place);
  if (value.is_custom()) {
    fail<ValueError>("to_json",
                     "{} is a C++ function or an object of a class that has no config, which a file cannot hold: use "
                     "a name, an object of xtape, or a class of your own that is registered by register_serializable",
                     place.empty() ? "the value" : place);
  }
  return {};
}

ConfigValue read(const Json& json, const std::string& file, int depth);

std::vector<Config::Entry> read_entries(const Json& object, const std::string& file, int depth) {
  std::vector<Config::Entry> entries;
  entries.reserve(object.size());
  for (const auto& [name, value] : object.items()) entries.emplace_back(name, read(value, file, depth + 1));
  return entries;
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

ConfigValue read_object(const Json& object, const std::string& file, int depth) {
  const std::string class_name = text_at(object, "class_name");
  const auto inner = object.find("config");
  if (class_name.empty() || inner == object.end()) return Config("", read_entries(object, file, depth));
  std::string module = text_at(object, "module"), registered = text_at(object, "registered_name");
  if (module != "keras" && !module.starts_with("keras.")) module.clear();
  const bool users = registered.find('>') != std::string::npos;
  std::vector<Config::Entry> entries;
  if (inner->is_object()) {
    entries = read_entries(*inner, file, depth + 1);
  } else if (inner->is_array() && (class_name == "Sequential" || class_name == "Model" || class_name == "Functional")) {
    entries.emplace_back("layers", read(*inner, file, depth + 1));  // Keras 1's Sequential
  } else if (!inner->is_null()) {
    entries.emplace_back("name", read(*inner, file, depth + 1));  // of a function
  }
  Config config(users ? registered : class_name, std::move(entries), users ? "" : std::move(module));
  for (const auto& [key, value] : object.items()) {
    if (key != "class_name" && key != "config" && key != "module" && key != "registered_name") {
      config.attach(key, read(value, file, depth + 1));
    }
  }
  return config;
}

ConfigValue read(const Json& json, const std::string& file, int depth) {
  if (depth > max_depth)
    fail<DataError>("from_config", "{}: the JSON is nested more than {} levels deep", file, max_depth);
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<std::int64_t>();
    case Json::value_t::number_unsigned: {
      const auto value = json.get<std::uint64_t>();
      if (value <= std::uint64_t{INT64_MAX}) return static_cast<std::int64_t>(value);
      return static_cast<double>(value);
    }
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      ConfigValue::List list;
      list.reserve(json.size());
      for (const auto& element : json) list.push_back(read(element, file, depth + 1));
      return list;
    }
    case Json::value_t::object:
      return read_object(json, file, depth);
    default:
      return {};
  }
}

}  // namespace

std::string config_json(const ConfigValue& value) {
  const Json json = written(value, "");
  try {
    return json.dump();
  } catch (const Json::type_error&) {
    fail<ValueError>("to_json", "a name or text is not UTF-8");
  }
}

ConfigValue parse_config(std::string_view text, const std::string& file) {
  Json json;
  try {
    // Stops early, since a value deep inside of lists is destroyed recursively.
    int depth = 0;
    json = Json::parse(text, [&](int level, Json::parse_event_t, Json&) {
      depth = level;
      if (depth > max_depth) {
        fail<DataError>("from_config", "{}: the JSON is nested more than {} levels deep", file, max_depth);
      }
      return true;
    });
  } catch (const Json::exception& error) {
    fail<DataError>("from_config", "{}: not JSON: {}", file, error.what());
  }
  return read(json, file, 0);
}

}  // namespace xtape::detail
