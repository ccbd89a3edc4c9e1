#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/callbacks/monitor_callback.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::callbacks {

/// Keyword arguments of EarlyStopping.
struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0;                 ///< a smaller change is no improvement
  int patience = 0;                     ///< epochs without improvement after which the training ends
  int verbose = 0;                      ///< 1: says on standard output what it does
  std::string mode = "auto";            ///< "auto", "min" or "max": see MonitorCallback
  std::optional<double> baseline = {};  ///< only what is better than this counts as an improvement
  bool restore_best_weights = false;    ///< at the end of the training the model gets its weights of the best epoch
  int start_from_epoch = 0;             ///< earlier epochs do not count

  XTAPE_FIELDS(monitor, min_delta, patience, verbose, mode, baseline, restore_best_weights, start_from_epoch)
};

/// Ends the training when the monitored value no longer improves (keras.callbacks.EarlyStopping).
///
///     callbacks::EarlyStopping stopper({.patience = 3, .restore_best_weights = true});
///     model.fit(x, y, {.epochs = 100, .callbacks = {&stopper}, .validation_split = 0.1});
///     fmt::print("stopped after epoch {}, the best was {}\n", stopper.stopped_epoch(), stopper.best_epoch());
///
/// With restore_best_weights the best epoch that counts is restored, whether or not it reached the baseline, and
/// whether or not this callback ended the training. The first epoch never ends the training. If the value is not in the
/// logs, it warns and continues.
class EarlyStopping : public MonitorCallback {
 public:
  explicit EarlyStopping(const EarlyStoppingOptions& options = {});
  XTAPE_FIRST_OPTIONS(EarlyStopping, EarlyStoppingOptions, 1)

  /// The epoch, counted from 0, after which this callback ended the training; 0 if it did not.
  int stopped_epoch() const noexcept { return stopped_epoch_; }
  /// The epoch with the best value.
  int best_epoch() const noexcept { return best_epoch_; }

  void on_train_begin() override;
  void on_epoch_end(int epoch, const Logs& logs) override;
  void on_train_end(const Logs& logs) override;

 private:
  EarlyStoppingOptions options_;
  int wait_ = 0;
  int stopped_epoch_ = 0;
  int best_epoch_ = 0;
  std::optional<std::vector<Tensor>> best_weights_;
};

}  // namespace xtape::callbacks
