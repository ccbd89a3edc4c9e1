#include "xtape/callbacks/early_stopping.hpp"

#include <fmt/format.h>

#include "xtape/models/model.hpp"

namespace xtape::callbacks {

EarlyStopping::EarlyStopping(const EarlyStoppingOptions& options)
    : MonitorCallback("EarlyStopping",
                      {.monitor = options.monitor, .mode = options.mode, .min_delta = options.min_delta}),
      options_(options) {}

void EarlyStopping::on_train_begin() {
  wait_ = 0;
  stopped_epoch_ = 0;
  best_ = {};
  best_weights_ = {};
  best_epoch_ = 0;
  forget_warning();
}

void EarlyStopping::on_epoch_end(int epoch, const Logs& logs) {
  resolve_mode();
  const double* current =
      monitored(logs, "Early stopping conditioned on metric `{}` which is not available. Available metrics are: {}");
  if (current == nullptr || epoch < options_.start_from_epoch) return;
  if (options_.restore_best_weights && !best_weights_) {
    best_weights_ = model().get_weights();
    best_epoch_ = epoch;
  }
  // As Keras: an improvement resets the patience only if it beats the baseline too; its weights are kept in any case.
  ++wait_;
  if (is_improvement(*current, best_)) {
    best_ = *current;
    best_epoch_ = epoch;
    if (options_.restore_best_weights) best_weights_ = model().get_weights();
    if (!options_.baseline || is_improvement(*current, options_.baseline)) wait_ = 0;
    return;
  }
  if (wait_ >= options_.patience && epoch > 0) {
    stopped_epoch_ = epoch;
    model().set_stop_training(true);
  }
}

void EarlyStopping::on_train_end(const Logs&) {
  if (stopped_epoch_ > 0 && options_.verbose > 0) fmt::print("Epoch {}: early stopping\n", stopped_epoch_ + 1);
  if (!best_weights_) return;
  if (options_.verbose > 0) {
    fmt::print("Restoring model weights from the end of the best epoch: {}.\n", best_epoch_ + 1);
  }
  model().set_weights(*best_weights_);
}

}  // namespace xtape::callbacks
