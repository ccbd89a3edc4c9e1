#pragma once

#include <chrono>
#include <string>

#include "xtape/models/logs.hpp"
#include "xtape/models/progress.hpp"

namespace xtape::detail {

/// The progress bar of fit and evaluate for one epoch, as in Keras:
///
///     1875/1875 ━━━━━━━━━━━━━━━━━━━━ 2s 1ms/step - loss: 0.2913 - accuracy: 0.8930 - val_loss: 0.3391
class Progbar {
 public:
  /// `steps` is -1 if unknown. `verbose` is as in FitOptions.
  Progbar(std::int64_t steps, int verbose, std::FILE* file = stdout);
  ~Progbar() { line_.finish(); }

  /// Called after a batch; `step` batches are done.
  void update(std::int64_t step, const Logs& logs) {
    if (live_ && step >= next_look_) look(step, logs);
  }
  /// Called after the last batch with the logs of the whole epoch.
  void end(std::int64_t step, const Logs& logs);

 private:
  using Clock = std::chrono::steady_clock;
  void look(std::int64_t step, const Logs& logs);
  void compose(std::int64_t step, double seconds, const Logs& logs, bool last, bool bar);

  std::int64_t steps_;
  int verbose_;
  std::FILE* file_;
  bool live_;
  Clock::time_point begin_ = Clock::now();
  double shown_at_ = -1;
  std::int64_t next_look_ = 0;
  std::string text_;
  LiveLine line_;
};

}  // namespace xtape::detail
