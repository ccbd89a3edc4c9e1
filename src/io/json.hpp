#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xtape::detail {

/// What parse_json finds, in the order of the text. A large file needs no tree of values so, and names that come twice
/// are seen.
class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void number(std::uint64_t value) = 0;
  virtual void text(const std::string& value) = 0;
  /// null, true, false, negative and fractional numbers, as they are written.
  virtual void other(const std::string& value) = 0;
  virtual void begin_object() = 0;
  virtual void key(const std::string& name) = 0;
  virtual void end_object() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  /// What is no JSON in UTF-8, with the place of the byte where that shows, counted from 1. Must throw.
  virtual void damaged(std::size_t position) = 0;
};

void parse_json(std::string_view text, JsonHandler& handler);

/// A text in quotes; nothing for one that is no UTF-8.
std::optional<std::string> to_json(const std::string& text);

}  // namespace xtape::detail
