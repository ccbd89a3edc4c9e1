#pragma once

#include <optional>
#include <string>

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// What callbacks that watch a figure have in common.
struct MonitorOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  std::optional<double> baseline = {};
  double min_delta = 0;
};

/// The base of callbacks that watch a figure of the logs (Keras's MonitorCallback). A value v improves on a reference r
/// where v + min_delta < r in the mode "min", where v - min_delta > r in the mode "max"; NaN never does.
///
/// The mode "auto" is told by the figure's name, or by the class of the metric of this name: "min" for losses and
/// errors, "max" for accuracies, AUC, precision, recall, F-scores, IoU, R2, correlations and similarities. For other
/// figures it throws a ValueError at the end of the first epoch that asks to pass the mode. An unknown mode warns and
/// counts as "auto".
class MonitorCallback : public Callback {
 public:
  const std::string& monitor() const& noexcept { return options_.monitor; }
  std::string monitor() const&& { return options_.monitor; }
  /// The best value so far, or the baseline; empty before the first one.
  std::optional<double> best() const noexcept { return best_; }

 protected:
  /// `name` of the class that is derived, for messages.
  MonitorCallback(const char* name, MonitorOptions options);

  /// Finds out what "auto" means; the model's metrics are known after its first batch.
  void resolve_mode();
  bool is_improvement(double value, const std::optional<double>& reference) const noexcept;
  /// The figure, or null with a warning, which is given once until forget_warning().
  const double* monitored(const Logs& logs, const char* warning);
  void forget_warning() noexcept { warned_ = false; }

  std::optional<double> best_;

 private:
  enum class Direction { unknown, min, max };
  Direction told_by_metrics() const;

  const char* name_;
  MonitorOptions options_;
  Direction direction_ = Direction::unknown;
  bool warned_ = false;
};

}  // namespace xtape::callbacks
