#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/models/checkpoint.hpp"

namespace xtape::callbacks {

/// Keyword arguments of BackupAndRestore.
struct BackupAndRestoreOptions {
  int save_freq = 1;              ///< in epochs
  bool delete_checkpoint = true;  ///< when the training has ended without an error
};

/// Makes fit go on where it was interrupted (keras.callbacks.BackupAndRestore): after each epoch a Checkpoint is
/// written to `backup_dir`; a fit that finds one there begins with the epoch after it and then gives, bit for bit, what
/// the uninterrupted one would have given. The history begins with the first epoch that is run.
class BackupAndRestore : public Callback {
 public:
  /// Throws a ValueError for an empty folder name and for a save_freq below 1.
  explicit BackupAndRestore(std::string backup_dir, const BackupAndRestoreOptions& options = {});

  /// True where there is something to restore.
  bool needs_built_model() const override;
  void on_train_begin() override;
  int first_epoch(int initial_epoch) override;
  void on_epoch_end(int epoch, const Logs& logs) override;
  void on_train_end(const Logs& logs) override;

 private:
  std::string path() const;
  Checkpoint checkpoint() const;

  std::string backup_dir_;
  BackupAndRestoreOptions options_;
  Variable epoch_;  ///< the number of epochs that are done
  bool restored_ = false;
};

}  // namespace xtape::callbacks
