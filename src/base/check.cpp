#include "base/check.hpp"

#include <algorithm>

namespace xtape::detail {
namespace {

constexpr std::size_t max_text = 2000, max_message = 8000, kept_end = 100;

/// Cuts the middle out of a text that is too long. It does not cut inside a UTF-8 character.
std::string cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u; };
  std::size_t head = max_bytes - kept_end, tail = text.size() - kept_end;
  for (int i = 0; i < 3 && continues(head); ++i) --head;
  for (int i = 0; i < 3 && continues(tail); ++i) ++tail;
  return fmt::format("{} ... [{} bytes in all] ... {}", text.substr(0, head), text.size(), text.substr(tail));
}

std::string without_zeros(std::string text) {
  for (auto at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) text.replace(at, 1, "\\0");
  return text;
}

}  // namespace

std::string error_message(const char* op, fmt::string_view text, fmt::format_args args) {
  return cut(fmt::format("[{}] {}", op, fmt::vformat(text, args)), max_message);
}

}  // namespace xtape::detail

fmt::format_context::iterator fmt::formatter<xtape::detail::Shown>::format(const xtape::detail::Shown& shown,
                                                                           fmt::format_context& context) const {
  const std::string text = xtape::detail::without_zeros(xtape::detail::cut(shown.text, xtape::detail::max_text));
  return fmt::formatter<fmt::string_view>::format(text, context);
}

fmt::format_context::iterator fmt::formatter<xtape::detail::Whole>::format(const xtape::detail::Whole& whole,
                                                                           fmt::format_context& context) const {
  return fmt::formatter<fmt::string_view>::format(fmt::string_view(whole.text.data(), whole.text.size()), context);
}
