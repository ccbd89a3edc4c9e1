#pragma once

#include <optional>
#include <string>

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// The options that callbacks that watch a figure share.
struct MonitorOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  std::optional<double> baseline = {};
  double min_delta = 0;
};

/// The base of callbacks that watch a figure of the logs (Keras's MonitorCallback). A value v improves on a reference r
/// where v + min_delta < r in the mode "min", where v - min_delta > r in the mode "max"; NaN never does.
///
/// The mode "auto" depends on the figure's name, or on the class of the metric of this name: "min" for losses and
/// errors, "max" for accuracies, AUC, precision, recall, F-scores, IoU, R2, correlations and similarities. For other
/// figures it throws a ValueError at the end of the first epoch, which asks for the mode. An unknown mode warns and
/// counts as "auto".
class MonitorCallback : public Callback {
 public:
  const std::string& monitor() const& noexcept { return options_.monitor; }
  std::string monitor() const&& { return options_.monitor; }
  /// The best value so far, or the baseline; empty before the first one.
  std::optional<double> best() const noexcept { return best_; }

 protected:
  /// `name` is the derived class's, for messages.
  MonitorCallback(const char* name, MonitorOptions options);

  /// Finds out what "auto" means. To be called after the first batch, when the model's metrics are known.
  void resolve_mode();
  bool is_improvement(double value, const std::optional<double>& reference) const noexcept;
  /// The figure; null where it is not in the logs, with a warning, which comes once until forget_warning().
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
