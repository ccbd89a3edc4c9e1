#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/metrics/metric.hpp"

namespace xtape {

namespace detail {

/// Shows a text that changes: on a terminal it rewrites one line, otherwise it writes a new line each time.
class LiveLine {
 public:
  LiveLine(std::FILE* file, bool live) : file_(file), live_(live) {}
  /// Cuts a text that is wider than the terminal, except the last one, which may take two lines.
  void show(std::string& text, bool last = false);
  /// Ends the line, if there is one.
  void finish();

 private:
  std::FILE* file_;
  bool live_;
  bool open_ = false;
  std::size_t width_ = 0;  // of the text on the terminal
};

}  // namespace detail

/// A value to show: the running mean of a number or a tensor with one element, or the result of a metric.
struct ProgressValue {
  template <class T>
  requires std::is_arithmetic_v<T> ProgressValue(std::string_view label, T number)
      : name(label), value(static_cast<double>(number)) {}
  ProgressValue(std::string_view label, const Tensor& number) : name(label), value(number.item()) {}
  ProgressValue(std::string_view label, const metrics::Metric& source) : name(label), metric(&source) {}

  std::string_view name;
  double value = 0;
  const metrics::Metric* metric = nullptr;
};

/// Keyword arguments of ProgressLine.
struct ProgressOptions {
  std::FILE* file = stdout;
  /// true: rewrites one line; false: writes a line for each tenth of the steps. Unset: true if the file is a terminal.
  std::optional<bool> live = {};
};

/// Shows the progress of a training loop, like Keras's progress bar:
///
///     ProgressLine progress(steps);
///     for (int step = 0; step < steps; ++step) {
///       ...
///       progress.update(step + 1, {{"loss", loss}, {"accuracy", accuracy}});
///     }
///
///     3100/6000 [==========>.........] - ETA: 1s - 2914 steps/s - loss: 0.3371 - accuracy: 0.8797
///
/// On a terminal the line is rewritten up to ten times a second. The running mean of a number covers about a twentieth
/// of the steps. A step that shows nothing costs a few nanoseconds and no system call.
class ProgressLine {
 public:
  /// For 0 steps it shows nothing. Throws a ValueError for a negative number.
  explicit ProgressLine(std::int64_t steps, const ProgressOptions& options = {});
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { finish(); }

  /// `step` steps are done. The last one ends the line.
  void update(std::int64_t step, std::initializer_list<ProgressValue> values = {});

  /// Ends the line, before other output or when the loop ends early. The destructor does the same.
  void finish();

 private:
  struct Figure {
    std::string name;
    double value = 0;
    std::int64_t count = 0;
  };

  void add(std::initializer_list<ProgressValue> values);
  void look(std::int64_t step, std::initializer_list<ProgressValue> values);
  void compose(std::int64_t step, double seconds, bool bar);
  void show(std::int64_t step, double seconds);

  std::int64_t steps_;
  std::FILE* file_;
  bool live_;
  bool done_ = false;
  double begin_;                // of a steady clock, in seconds
  double shown_at_ = -1;        // seconds after begin_
  std::int64_t next_look_ = 0;  // the next step at which update() looks at the clock
  std::vector<Figure> figures_;
  std::string text_;
  detail::LiveLine line_;
};

}  // namespace xtape
