#include "xtape/models/checkpoint_manager.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/check.hpp"
#include "base/files.hpp"

namespace xtape {
namespace {

constexpr const char* op = "CheckpointManager";
constexpr const char* extension = ".safetensors";

}  // namespace

CheckpointManager::CheckpointManager(Checkpoint& checkpoint, std::string directory,
                                     const CheckpointManagerOptions& options)
    : checkpoint_(&checkpoint), directory_(std::move(directory)), options_(options) {
  if (directory_.empty()) detail::fail<ValueError>(op, "expected the name of a folder, received \"\"");
  detail::checked_path(op, directory_);
  if (options_.checkpoint_name.empty()) detail::fail<ValueError>(op, "expected a checkpoint_name, received \"\"");
  if (options_.max_to_keep && *options_.max_to_keep < 1) {
    detail::fail<ValueError>(op, "expected a max_to_keep of at least 1, received {}", *options_.max_to_keep);
  }
}

std::string CheckpointManager::path_of(std::int64_t number) const {
  return (std::filesystem::path(directory_) / fmt::format("{}-{}{}", options_.checkpoint_name, number, extension))
      .string();
}

std::vector<std::int64_t> CheckpointManager::numbers() const {
  std::vector<std::int64_t> found;
  if (!detail::is_there(op, directory_)) return found;
  std::error_code error;
  const std::string prefix = options_.checkpoint_name + "-";
  for (std::filesystem::directory_iterator at(directory_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(extension)) continue;
    const std::string digits = name.substr(prefix.size(), name.size() - prefix.size() - std::string(extension).size());
    std::int64_t number = 0;
    const auto [last, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem == std::errc() && last == digits.data() + digits.size() && number > 0) found.push_back(number);
  }
  if (error) detail::fail<DataError>(op, "{}: cannot be listed: {}", directory_, error.message());
  std::sort(found.begin(), found.end());
  return found;
}

std::string CheckpointManager::save() {
  detail::make_folders(op, directory_);
  auto known = numbers();
  const std::int64_t number = known.empty() ? 1 : known.back() + 1;
  const std::string path = path_of(number);
  checkpoint_->save(path);
  known.push_back(number);
  while (options_.max_to_keep && static_cast<std::int64_t>(known.size()) > *options_.max_to_keep) {
    std::error_code error;
    const std::string oldest = path_of(known.front());
    if (std::filesystem::remove(oldest, error); error) {
      detail::fail<DataError>(op, "{}: cannot be removed: {}", oldest, error.message());
    }
    known.erase(known.begin());
  }
  return path;
}

std::vector<std::string> CheckpointManager::checkpoints() const {
  std::vector<std::string> paths;
  for (const std::int64_t number : numbers()) paths.push_back(path_of(number));
  return paths;
}

std::optional<std::string> CheckpointManager::latest_checkpoint() const {
  const auto known = numbers();
  if (known.empty()) return std::nullopt;
  return path_of(known.back());
}

std::optional<std::string> CheckpointManager::restore_or_initialize(const std::function<void()>& initialize) {
  const auto latest = latest_checkpoint();
  if (!latest) {
    if (initialize) initialize();
    return std::nullopt;
  }
  if (!checkpoint_->restore(*latest)) detail::fail<DataError>(op, "{} was removed while it was to be read", *latest);
  return latest;
}

}  // namespace xtape
