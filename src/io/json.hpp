#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xtape::detail {

/// Receives what parse_json finds, in the order of the text. So a large file needs no tree of values, and names that
/// occur twice are noticed.
class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void number(std::uint64_t value) = 0;
  virtual void text(const std::string& value) = 0;
  /// null, true, false, negative and fractional numbers, as written in the text.
  virtual void other(const std::string& value) = 0;
  virtual void begin_object() = 0;
  virtual void key(const std::string& name) = 0;
  virtual void end_object() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  /// The text is not JSON in UTF-8; `position` is the byte, counted from 1, where that shows. Must throw.
  virtual void damaged(std::size_t position) = 0;
};

void parse_json(std::string_view text, JsonHandler& handler);

/// The text in quotes; nothing if it is not UTF-8.
std::optional<std::string> to_json(const std::string& text);

}  // namespace xtape::detail
