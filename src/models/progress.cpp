#include "xtape/models/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "models/progress_text.hpp"
#include "core/check.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace xtape {
namespace {

constexpr double refresh_seconds = 0.1;
constexpr double look_seconds = 0.02;
constexpr int bar_cells = 20;
constexpr std::size_t usual_columns = 80;

bool is_terminal([[maybe_unused]] std::FILE* file) {
#if defined(__unix__) || defined(__APPLE__)
  const char* kind = std::getenv("TERM");
  return isatty(fileno(file)) == 1 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
#else
  return false;
#endif
}

std::size_t columns_of([[maybe_unused]] std::FILE* file) {
#if defined(__unix__) || defined(__APPLE__)
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
  return usual_columns;
}

int digits_of(std::int64_t number) {
  int digits = 1;
  while (number >= 10) {
    number /= 10;
    ++digits;
  }
  return digits;
}

/// The first step after `step` with which another tenth of the steps is complete.
std::int64_t next_tenth(std::int64_t step, std::int64_t steps) {
  const std::int64_t tenth = 10 * step / steps + 1;
  return (tenth * steps + 9) / 10;
}

}  // namespace

ProgressLine::ProgressLine(std::int64_t steps, const ProgressOptions& options)
    : steps_(steps), file_(options.file), live_(options.live ? *options.live : is_terminal(options.file)) {
  if (steps < 0)
    detail::fail<ValueError>("ProgressLine", "expected a number of steps of at least 0, received {}", steps);
  if (steps == 0) {
    done_ = true;
  } else if (!live_) {
    next_look_ = next_tenth(0, steps);
  }
}

void ProgressLine::update(std::int64_t step, std::initializer_list<ProgressValue> values) {
  if (done_) return;
  add(values);
  if (step >= next_look_ || step >= steps_) look(step, values);
}

void ProgressLine::add(std::initializer_list<ProgressValue> values) {
  if (figures_.size() != values.size()) figures_.resize(values.size());
  const std::int64_t window = std::max<std::int64_t>(1, steps_ / 20);
  auto figure = figures_.begin();
  for (const auto& value : values) {
    if (figure->name != value.name) *figure = {std::string(value.name)};
    if (value.metric == nullptr) {
      // The plain mean to begin with, then one that forgets; after a NaN or infinity it begins anew.
      figure->count = std::isfinite(figure->value) ? std::min(figure->count + 1, window) : 1;
      if (figure->count == 1) {
        figure->value = value.value;
      } else {
        figure->value += (value.value - figure->value) / static_cast<double>(figure->count);
      }
    }
    ++figure;
  }
}

void ProgressLine::look(std::int64_t step, std::initializer_list<ProgressValue> values) {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  const bool last = step >= steps_;
  if (!live_) {
    if (!last) next_look_ = next_tenth(step, steps_);
  } else {
    // Only as many steps ask for the time as it takes to be punctual, but the steps may become slower.
    const double stride = static_cast<double>(step) * std::min(1.0, look_seconds / std::max(seconds, 1e-9));
    next_look_ = step + static_cast<std::int64_t>(stride);
    if (!last && shown_at_ >= 0 && seconds < shown_at_ + refresh_seconds) return;
    shown_at_ = seconds;
  }
  auto figure = figures_.begin();
  for (const auto& value : values) {
    if (value.metric != nullptr) figure->value = value.metric->result();
    ++figure;
  }
  show(std::clamp<std::int64_t>(step, 0, steps_), seconds);
  if (last) finish();
  done_ = last;
}

void ProgressLine::compose(std::int64_t step, double seconds, bool bar) {
  const bool last = step == steps_;
  text_.clear();
  fmt::format_to(std::back_inserter(text_), "{:{}}/{}", step, digits_of(steps_), steps_);
  if (bar) detail::append_bar(text_ += ' ', step, steps_, bar_cells);
  if (last && seconds < 60) {
    fmt::format_to(std::back_inserter(text_), " - {:.1f}s", seconds);
  } else if (last) {
    detail::append_time(text_ += " - ", seconds);
  } else if (step > 0) {
    detail::append_time(text_ += " - ETA: ", seconds / static_cast<double>(step) * static_cast<double>(steps_ - step));
  }
  if (step > 0) detail::append_speed(text_, static_cast<double>(step) / std::max(seconds, 1e-9));
  for (const auto& figure : figures_) detail::append_figure(text_, figure.name, figure.value);
}

void ProgressLine::show(std::int64_t step, double seconds) {
  compose(step, seconds, live_);
  if (live_) {
    // A line that reaches the last column would wrap, and could not be rewritten.
    const std::size_t columns = columns_of(file_) - 1;
    if (detail::columns(text_) > columns) compose(step, seconds, false);
    detail::cut(text_, columns);
    const std::size_t width = detail::columns(text_);
    if (width < width_) text_.append(width_ - width, ' ');  // what is left of a longer line
    width_ = width;
    std::fputc('\r', file_);
  }
  std::fwrite(text_.data(), 1, text_.size(), file_);
  open_ = true;
  if (!live_) finish();
  std::fflush(file_);
}

void ProgressLine::finish() {
  if (!open_) return;
  open_ = false;
  width_ = 0;
  std::fputc('\n', file_);
  std::fflush(file_);
}

}  // namespace xtape
