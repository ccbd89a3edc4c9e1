#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "xtape/models/checkpoint.hpp"

namespace xtape {

/// Keyword arguments of CheckpointManager.
struct CheckpointManagerOptions {
  /// Older files are removed. None keeps all.
  std::optional<std::int64_t> max_to_keep = 5;
  std::string checkpoint_name = "ckpt";
};

/// The last checkpoints of a training in a folder (tf.train.CheckpointManager), "ckpt-1.safetensors",
/// "ckpt-2.safetensors" and so on:
///
///     xp::Checkpoint checkpoint(model, optimizer);
///     xp::CheckpointManager manager(checkpoint, "checkpoints", {.max_to_keep = 3});
///     if (manager.restore_or_initialize()) fmt::print("continues from {}\n", *manager.latest_checkpoint());
///     for (...) {
///       ...
///       manager.save();
///     }
///
/// It refers to the checkpoint, which must outlive it. Files that are there already count among those that are kept.
class CheckpointManager {
 public:
  /// Throws a ValueError for max_to_keep < 1 and an empty folder or name.
  CheckpointManager(Checkpoint& checkpoint, std::string directory, const CheckpointManagerOptions& options = {});

  /// Writes the next file, removes those beyond max_to_keep, and returns its path. Throws what Checkpoint::save throws;
  /// then no file has been removed.
  std::string save();
  /// The paths of the files in the folder, the oldest first.
  std::vector<std::string> checkpoints() const;
  /// The newest of them; none if there is no file.
  std::optional<std::string> latest_checkpoint() const;
  /// Restores the newest file and returns its path. Without a file it returns none, after calling `initialize`. Throws
  /// what Checkpoint::restore throws.
  std::optional<std::string> restore_or_initialize(const std::function<void()>& initialize = {});

 private:
  std::vector<std::int64_t> numbers() const;
  std::string path_of(std::int64_t number) const;

  Checkpoint* checkpoint_;
  std::string directory_;
  CheckpointManagerOptions options_;
};

}  // namespace xtape
