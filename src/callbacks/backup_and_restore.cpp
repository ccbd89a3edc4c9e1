#include "xtape/callbacks/backup_and_restore.hpp"

#include <filesystem>

#include "base/check.hpp"
#include "base/files.hpp"

namespace xtape::callbacks {

BackupAndRestore::BackupAndRestore(std::string backup_dir, const BackupAndRestoreOptions& options)
    : backup_dir_(std::move(backup_dir)),
      options_(options),
      epoch_(Tensor(std::int64_t{0}), {.trainable = false, .name = "epoch"}) {
  detail::checked_path("BackupAndRestore", backup_dir_);
  if (backup_dir_.empty()) detail::fail<ValueError>("BackupAndRestore", "expected the name of a folder, received \"\"");
  if (options_.save_freq < 1) {
    detail::fail<ValueError>("BackupAndRestore", "expected a save_freq of at least 1, received {}", options_.save_freq);
  }
}

std::string BackupAndRestore::path() const {
  return (std::filesystem::path(backup_dir_) / "training.safetensors").string();
}

Checkpoint BackupAndRestore::checkpoint() const {
  Checkpoint all(model());
  all.add("epoch", epoch_);
  return all;
}

bool BackupAndRestore::needs_built_model() const { return detail::is_there("BackupAndRestore", path()); }

void BackupAndRestore::on_train_begin() {
  detail::make_folders("BackupAndRestore", backup_dir_);
  restored_ = needs_built_model() && checkpoint().restore(path());
}

int BackupAndRestore::first_epoch(int initial_epoch) {
  return restored_ ? static_cast<int>(epoch_.peek().item<std::int64_t>()) : initial_epoch;
}

void BackupAndRestore::on_epoch_end(int epoch, const Logs&) {
  epoch_.assign(Tensor(static_cast<std::int64_t>(epoch) + 1));
  if ((epoch + 1) % options_.save_freq == 0) checkpoint().save(path());
}

void BackupAndRestore::on_train_end(const Logs&) {
  if (!options_.delete_checkpoint) return;
  // If it stayed, the next training would begin where this one has ended.
  std::error_code error;
  if (std::filesystem::remove(path(), error); error) {
    detail::fail<DataError>("BackupAndRestore", "{}: cannot be removed: {}", path(), error.message());
  }
}

}  // namespace xtape::callbacks
