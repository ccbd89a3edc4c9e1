#include "models/progbar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "models/progress_text.hpp"

namespace xtape::detail {
namespace {

constexpr double refresh_seconds = 0.1;
constexpr double look_seconds = 0.02;
constexpr int bar_cells = 20;

void append_line_bar(std::string& text, std::int64_t step, std::int64_t steps) {
  const auto full = static_cast<int>(bar_cells * static_cast<double>(step) / static_cast<double>(steps));
  for (int cell = 0; cell < bar_cells; ++cell) text += cell < full ? "━" : cell == full ? "╸" : "─";
}

/// " 2ms/step"
void append_step_time(std::string& text, double seconds) {
  auto to = std::back_inserter(text);
  if (seconds >= 1) {
    fmt::format_to(to, " {:.0f}s/step", seconds);
  } else if (seconds >= 1e-3) {
    fmt::format_to(to, " {:.0f}ms/step", seconds * 1e3);
  } else {
    fmt::format_to(to, " {:.0f}us/step", seconds * 1e6);
  }
}

}  // namespace

Progbar::Progbar(std::int64_t steps, int verbose, std::FILE* file)
    : steps_(steps), verbose_(verbose), file_(file), live_(verbose == 1 && is_terminal(file)), line_(file, live_) {}

void Progbar::look(std::int64_t step, const Logs& logs) {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  // Reads the clock only in as many steps as needed to be punctual.
  const double stride = static_cast<double>(step) * std::min(1.0, look_seconds / std::max(seconds, 1e-9));
  next_look_ = step + static_cast<std::int64_t>(stride);
  if (shown_at_ >= 0 && seconds < shown_at_ + refresh_seconds) return;
  shown_at_ = seconds;
  compose(step, seconds, logs, false, true);
  if (columns(text_) > columns_of(file_)) compose(step, seconds, logs, false, false);
  line_.show(text_);
}

void Progbar::end(std::int64_t step, const Logs& logs) {
  if (verbose_ == 0) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (steps_ < 0) steps_ = step;
  compose(step, seconds, logs, true, verbose_ == 1);
  line_.show(text_, true);
  line_.finish();
}

void Progbar::compose(std::int64_t step, double seconds, const Logs& logs, bool last, bool bar) {
  text_.clear();
  auto to = std::back_inserter(text_);
  if (steps_ < 0) {
    fmt::format_to(to, "{}/Unknown", step);
  } else {
    fmt::format_to(to, "{:{}}/{}", step, digits_of(steps_), steps_);
  }
  if (bar && steps_ > 0) append_line_bar(text_ += ' ', step, steps_);
  text_ += verbose_ == 2 ? " - " : " ";
  const double per_step = seconds / static_cast<double>(std::max<std::int64_t>(step, 1));
  append_time(text_, last || steps_ < 0 ? std::round(seconds) : per_step * static_cast<double>(steps_ - step));
  if (verbose_ == 2) text_ += " -";
  append_step_time(text_, per_step);
  for (const auto& [name, value] : logs) append_figure(text_, name, value);
}

}  // namespace xtape::detail
