#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "xtape/base/error.hpp"
#include "xtape/base/format.hpp"

namespace xtape::detail {

/// A text from a file or a user inside a message. It may be long and contain any bytes: its middle is cut out beyond
/// 2000 bytes, and a zero byte is shown as \0.
struct Shown {
  std::string_view text;
};

/// A text that the caller has composed, such as a list with a line for each mistake. It is cut only with the whole
/// message. Texts that it quotes go through shown().
struct Whole {
  std::string_view text;
};

template <class T>
decltype(auto) shown(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return Shown{value};
  } else {
    return (value);
  }
}

/// "[op] text", cut to 8000 bytes.
std::string error_message(const char* op, fmt::string_view text, fmt::format_args args);
template <class... Args>
std::string error_message_of(const char* op, fmt::string_view text, const Args&... args) {
  return error_message(op, text, fmt::make_format_args(args...));
}

/// Throws E with "[op] text". All errors are thrown here, so that they have the same form.
template <class E, class... Args>
[[noreturn]] void fail(const char* op, fmt::format_string<Args...> text, Args&&... args) {
  throw E(error_message_of(op, text, shown(args)...));
}

/// The axis as 0 <= axis < rank; a negative one counts from the end.
int normal_axis(const char* op, std::int64_t axis, int rank);

/// The product of two sizes; throws a ValueError on overflow.
std::int64_t checked_product(const char* op, std::int64_t a, std::int64_t b);

}  // namespace xtape::detail

template <>
struct fmt::formatter<xtape::detail::Shown> : fmt::formatter<fmt::string_view> {
  fmt::format_context::iterator format(const xtape::detail::Shown& shown, fmt::format_context& context) const;
};

template <>
struct fmt::formatter<xtape::detail::Whole> : fmt::formatter<fmt::string_view> {
  fmt::format_context::iterator format(const xtape::detail::Whole& whole, fmt::format_context& context) const;
};
