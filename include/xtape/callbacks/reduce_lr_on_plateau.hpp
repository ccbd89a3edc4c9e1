#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/callbacks/monitor_callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of ReduceLROnPlateau.
struct ReduceLROnPlateauOptions {
  std::string monitor = "val_loss";
  double factor = 0.1;        ///< new rate = factor * rate
  int patience = 10;          ///< epochs without improvement after which the rate is reduced
  int verbose = 0;            ///< 1: says on standard output what it does
  std::string mode = "auto";  ///< "auto", "min" or "max": see MonitorCallback
  double min_delta = 1e-4;    ///< a smaller change is no improvement
  int cooldown = 0;           ///< epochs after a reduction that do not count for the patience
  double min_lr = 0;          ///< the rate does not fall below this

  XTAPE_FIELDS(monitor, factor, patience, verbose, mode, min_delta, cooldown, min_lr)
};

/// Reduces the learning rate when a figure no longer improves (keras.callbacks.ReduceLROnPlateau).
///
///     .callbacks = {callbacks::ReduceLROnPlateau({.factor = 0.2, .patience = 5, .min_lr = 0.001})}
///
/// Where the figure is not in the logs, it warns and goes on. "learning_rate" can be monitored too. Throws a TypeError
/// when the rate of an optimizer with a schedule is to be reduced.
class ReduceLROnPlateau : public MonitorCallback {
 public:
  /// Throws a ValueError for a factor outside [0, 1).
  explicit ReduceLROnPlateau(const ReduceLROnPlateauOptions& options = {});
  XTAPE_FIRST_OPTIONS(ReduceLROnPlateau, ReduceLROnPlateauOptions, 1)

  bool in_cooldown() const noexcept { return cooldown_counter_ > 0; }

  void on_train_begin() override;
  /// Adds "learning_rate", that of the epoch, to the logs.
  void extend_logs(Logs& logs) override;
  void on_epoch_end(int epoch, const Logs& logs) override;

 private:
  bool reduce(int epoch) const;

  ReduceLROnPlateauOptions options_;
  int cooldown_counter_ = 0;
  int wait_ = 0;
};

}  // namespace xtape::callbacks
