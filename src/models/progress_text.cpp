#include "models/progress_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace xtape::detail {

void append_time(std::string& text, double seconds) {
  const auto total = static_cast<std::int64_t>(std::clamp(std::ceil(seconds), 0.0, 1e12));
  auto to = std::back_inserter(text);
  if (total >= 3600) {
    fmt::format_to(to, "{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  } else if (total >= 60) {
    fmt::format_to(to, "{}:{:02}", total / 60, total % 60);
  } else {
    fmt::format_to(to, "{}s", total);
  }
}

void append_speed(std::string& text, double steps_per_second) {
  auto to = std::back_inserter(text);
  if (steps_per_second >= 1) {
    fmt::format_to(to, " - {:.{}f} steps/s", steps_per_second, steps_per_second < 100 ? 1 : 0);
  } else {
    fmt::format_to(to, " - {:.1f} s/step", 1 / steps_per_second);
  }
}

void append_figure(std::string& text, std::string_view name, double value) {
  auto to = std::back_inserter(text);
  const double size = std::abs(value);
  const bool fixed = size == 0 || (size >= 1e-3 && size < 1e6) || !std::isfinite(value);
  fmt::format_to(to, fmt::runtime(fixed ? " - {}: {:.4f}" : " - {}: {:.4e}"), name, value);
}

void append_bar(std::string& text, std::int64_t step, std::int64_t steps, int cells) {
  const auto full =
      static_cast<int>(static_cast<double>(cells) * static_cast<double>(step) / static_cast<double>(steps));
  text += '[';
  for (int cell = 0; cell < cells; ++cell) text += cell < full ? '=' : cell == full ? '>' : '.';
  text += ']';
}

int digits_of(std::int64_t number) {
  int digits = 1;
  while (number >= 10) {
    number /= 10;
    ++digits;
  }
  return digits;
}

namespace {
bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }
}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

void cut(std::string& text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t used = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && used++ == columns) break;
  }
  text.resize(at);
}

}  // namespace xtape::detail
