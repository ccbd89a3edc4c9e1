#include "xtape/models/progress.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/check.hpp"
#include "base/steady_seconds.hpp"
#include "models/progress_text.hpp"

namespace xtape {
namespace {

constexpr double refresh_seconds = 0.1;
constexpr double look_seconds = 0.02;
constexpr int bar_cells = 20;

/// The first step after `step` that completes another tenth of the steps.
std::int64_t next_tenth(std::int64_t step, std::int64_t steps) {
  const std::int64_t tenth = 10 * step / steps + 1;
  return (tenth * steps + 9) / 10;
}

}  // namespace

ProgressLine::ProgressLine(std::int64_t steps, const ProgressOptions& options)
    : steps_(steps),
      file_(options.file),
      live_(options.live ? *options.live : detail::is_terminal(options.file)),
      begin_(detail::steady_seconds()),
      line_(file_, live_) {
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
      // First the plain mean, then an exponential mean; it starts again after a NaN or infinity.
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
  const double seconds = detail::steady_seconds() - begin_;
  const bool last = step >= steps_;
  if (!live_) {
    if (!last) next_look_ = next_tenth(step, steps_);
  } else {
    // Reads the clock only in as many steps as needed to be punctual, even if the steps become slower.
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
  fmt::format_to(std::back_inserter(text_), "{:{}}/{}", step, detail::digits_of(steps_), steps_);
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
  if (live_ && detail::columns(text_) > detail::columns_of(file_)) compose(step, seconds, false);
  line_.show(text_);
}

void ProgressLine::finish() { line_.finish(); }

}  // namespace xtape
