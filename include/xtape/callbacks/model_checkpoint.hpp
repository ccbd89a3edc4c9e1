#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/callbacks/frequency.hpp"
#include "xtape/callbacks/monitor_callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of ModelCheckpoint.
struct ModelCheckpointOptions {
  std::string monitor = "val_loss";
  int verbose = 0;              ///< 1: says on standard output what it does
  bool save_best_only = false;  ///< only if the figure is better than at every save before
  /// For a path that ends with .keras, which holds the whole model, it must be false; other files hold weights anyway.
  bool save_weights_only = false;
  std::string mode = "auto";  ///< "auto", "min" or "max": see MonitorCallback
  /// "epoch", or every so many batches, counted across epochs.
  Frequency save_freq = "epoch";
  std::optional<double> initial_value_threshold = {};  ///< the first best value
};

/// Saves the model after each epoch, or every so many batches (keras.callbacks.ModelCheckpoint): as a whole, with its
/// optimizer, if the path ends with ".keras" (Model::save), otherwise its weights (Model::save_weights).
///
///     .callbacks = {callbacks::ModelCheckpoint("best.safetensors", {.save_best_only = true})}
///     ...
///     model.load_weights("best.safetensors");
///
/// The path may contain the epoch and the batch, counted from 1, and figures of the logs, formatted as in Python:
/// "runs/{epoch:02d}-{val_loss:.2f}.safetensors". Folders are made as needed. The best value is kept from one fit to
/// the next. Where the monitored figure is not in the logs, it warns and saves.
class ModelCheckpoint : public MonitorCallback {
 public:
  /// Throws a ValueError for an empty path and for wrong formats in it, and for save_weights_only with a .keras file.
  explicit ModelCheckpoint(std::string filepath, const ModelCheckpointOptions& options = {});

  void on_train_begin() override { forget_warning(); }
  void on_epoch_begin(int epoch) override { epoch_ = epoch; }
  void on_train_batch_end(std::int64_t batch, const Logs& logs) override;
  /// Throws a LookupError for a path with a figure that is not in the logs, a DataError when it cannot be written.
  void on_epoch_end(int epoch, const Logs& logs) override;

 private:
  void save(int epoch, std::optional<std::int64_t> batch, const Logs& logs);
  bool should_save(int epoch, const Logs& logs, const std::string& path);

  std::string filepath_;
  ModelCheckpointOptions options_;
  int epoch_ = 0;
  std::int64_t batches_seen_ = 0;  ///< since the last file
};

}  // namespace xtape::callbacks
