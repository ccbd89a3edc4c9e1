#include "io/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace xtape::detail {
namespace {

using Json = nlohmann::json;

/// nlohmann's names for what happens.
struct Events {
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  JsonHandler& handler;

  bool null() { return handler.other("null"), true; }
  bool boolean(bool value) { return handler.other(value ? "true" : "false"), true; }
  bool number_integer(number_integer_t value) { return handler.other(fmt::to_string(value)), true; }
  bool number_unsigned(number_unsigned_t value) { return handler.number(value), true; }
  bool number_float(number_float_t, const string_t& text) { return handler.other(text), true; }
  bool string(string_t& value) { return handler.text(value), true; }
  bool binary(binary_t&) { return false; }  // not in JSON
  bool start_object(std::size_t) { return handler.begin_object(), true; }
  bool key(string_t& name) { return handler.key(name), true; }
  bool end_object() { return handler.end_object(), true; }
  bool start_array(std::size_t) { return handler.begin_list(), true; }
  bool end_array() { return handler.end_list(), true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return handler.damaged(position), false;
  }
};

}  // namespace

void parse_json(std::string_view text, JsonHandler& handler) {
  Events events{handler};
  Json::sax_parse(text, &events);
}

std::optional<std::string> to_json(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::type_error&) {
    return std::nullopt;
  }
}

}  // namespace xtape::detail
