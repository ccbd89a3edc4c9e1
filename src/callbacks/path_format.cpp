#include "callbacks/path_format.hpp"

#include <string_view>

#include "base/check.hpp"
#include "callbacks/python_float.hpp"

namespace xtape::detail {
namespace {

/// A float is shown with Python's rules where the field has no format of its own.
std::string formatted(double value, const std::string& spec) {
  return spec.empty() ? python_float(value) : fmt::format(fmt::runtime("{:" + spec + "}"), value);
}
std::string formatted(std::int64_t value, const std::string& spec) {
  const bool as_float = !spec.empty() && std::string_view("eEfFgG%").find(spec.back()) != std::string_view::npos;
  return as_float ? formatted(static_cast<double>(value), spec) : fmt::format(fmt::runtime("{:" + spec + "}"), value);
}

constexpr int max_field = 255;  // the name of a file has no more bytes

/// Whether a format's width and precision are such that they can stand in a file's name.
bool short_enough(const std::string& spec) {
  int number = 0;
  for (const char c : spec) {
    number = c >= '0' && c <= '9' ? number * 10 + (c - '0') : 0;
    if (number > max_field) return false;
  }
  return true;
}

[[noreturn]] void fail_format(const char* op, const std::string& pattern, const std::string& reason) {
  fail<ValueError>(op, "failed to format this callback filepath: \"{}\". Reason: {}", pattern, reason);
}

/// `field(name, spec)` gives the text in the place of each field.
template <class Field>
std::string replace_fields(const char* op, const std::string& pattern, const Field& field) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c != '{' && c != '}') {
      text += c;
      continue;
    }
    if (at + 1 < pattern.size() && pattern[at + 1] == c) {
      text += c;
      ++at;
      continue;
    }
    if (c == '}') fail_format(op, pattern, "single '}' encountered in format string");
    const std::size_t end = pattern.find_first_of("{}", at + 1);
    if (end == std::string::npos || pattern[end] == '{') fail_format(op, pattern, "expected '}' before end of string");
    const std::string inside = pattern.substr(at + 1, end - at - 1);
    const std::size_t colon = inside.find(':');
    const std::string name = inside.substr(0, colon);
    const std::string spec = colon == std::string::npos ? "" : inside.substr(colon + 1);
    if (name.empty()) fail_format(op, pattern, "a field has no name");
    if (!short_enough(spec)) {
      fail_format(op, pattern, fmt::format("'{}': expected a width and precision of at most {}", inside, max_field));
    }
    try {
      text += field(name, spec);
    } catch (const fmt::format_error& error) {
      fail_format(op, pattern, fmt::format("'{}': {}", inside, error.what()));
    }
    at = end;
  }
  return text;
}

}  // namespace

std::string format_path(const char* op, const std::string& pattern, int epoch, std::optional<std::int64_t> batch,
                        const Logs& logs) {
  return replace_fields(op, pattern, [&](const std::string& name, const std::string& spec) {
    if (name == "epoch") return formatted(std::int64_t{epoch} + 1, spec);
    if (const double* value = logs.find(name)) return formatted(*value, spec);
    if (name == "batch" && batch) return formatted(*batch + 1, spec);
    std::string names = "epoch";
    if (batch) names += ", batch";
    for (const auto& [known, value] : logs) names += ", " + known;
    fail<LookupError>(op, "failed to format this callback filepath: \"{}\". Reason: there is no '{}', only: {}",
                      pattern, name, names);
  });
}

void check_path_format(const char* op, const std::string& pattern) {
  replace_fields(op, pattern, [](const std::string& name, const std::string& spec) {
    return name == "epoch" || name == "batch" ? formatted(std::int64_t{1}, spec) : formatted(1.0, spec);
  });
}

}  // namespace xtape::detail
