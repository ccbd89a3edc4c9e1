#include "xtape/callbacks/model_checkpoint.hpp"

#include <filesystem>

#include "base/check.hpp"
#include "base/files.hpp"
#include "callbacks/path_format.hpp"
#include "xtape/models/model.hpp"

namespace xtape::callbacks {
namespace {
constexpr const char* op = "ModelCheckpoint";

bool whole_model(const std::string& path) { return path.ends_with(".keras"); }
}  // namespace

ModelCheckpoint::ModelCheckpoint(std::string filepath, const ModelCheckpointOptions& options)
    : MonitorCallback(op,
                      {.monitor = options.monitor, .mode = options.mode, .baseline = options.initial_value_threshold}),
      filepath_(std::move(filepath)),
      options_(options) {
  if (filepath_.empty()) detail::fail<ValueError>(op, "expected a filepath, received an empty string");
  detail::check_path_format(op, filepath_);
  if (options_.save_weights_only && whole_model(filepath_)) {
    detail::fail<ValueError>(op,
                             "with save_weights_only, expected a path that ends with .weights.h5 or .safetensors, "
                             "received \"{}\"",
                             filepath_);
  }
}

void ModelCheckpoint::on_train_batch_end(std::int64_t batch, const Logs& logs) {
  if (options_.save_freq.every_epoch() || ++batches_seen_ < options_.save_freq.batches()) return;
  batches_seen_ = 0;
  save(epoch_, batch, logs);
}

void ModelCheckpoint::on_epoch_end(int epoch, const Logs& logs) {
  if (options_.save_freq.every_epoch()) save(epoch, {}, logs);
}

bool ModelCheckpoint::should_save(int epoch, const Logs& logs, const std::string& path) {
  const auto say = [&](const std::string& text) {
    if (options_.verbose > 0) fmt::print("\nEpoch {}: {}\n", epoch + 1, text);
  };
  if (!options_.save_best_only) {
    say(fmt::format("saving model to {}", path));
    return true;
  }
  resolve_mode();
  const double* current = monitored(logs, "Can save best model only with {} available. Available metrics are: {}");
  if (current == nullptr) return true;
  const std::string before = best_ ? fmt::format("{:.5f}", *best_) : "None";
  if (!is_improvement(*current, best_)) {
    say(fmt::format("{} did not improve from {}", monitor(), before));
    return false;
  }
  say(fmt::format("{} improved from {} to {:.5f}, saving model to {}", monitor(), before, *current, path));
  best_ = *current;
  return true;
}

void ModelCheckpoint::save(int epoch, std::optional<std::int64_t> batch, const Logs& logs) {
  const std::string path = detail::format_path(op, filepath_, epoch, batch, logs);
  const auto best_before = best_;
  if (!should_save(epoch, logs, path)) return;
  try {
    if (detail::is_folder(op, path)) {
      detail::fail<DataError>(op, "please specify a non-directory filepath. Filepath used is an existing directory: {}",
                              path);
    }
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (!folder.empty()) detail::make_folders(op, folder);
    if (whole_model(path)) {
      model().save(path);
    } else {
      model().save_weights(path);
    }
  } catch (...) {
    best_ = best_before;  // not saved, so not the best that there is
    throw;
  }
  if (options_.verbose > 0) fmt::print("\nEpoch {}: finished saving model to {}\n", epoch + 1, path);
}

}  // namespace xtape::callbacks
