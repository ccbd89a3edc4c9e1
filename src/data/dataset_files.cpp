#include "data/dataset_files.hpp"

#include <cstdlib>
#include <system_error>

#include "core/check.hpp"

namespace xtape::datasets {
namespace {

namespace fs = std::filesystem;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::vector<fs::path> data_folders(const std::string& dir, const std::string& folder, bool in_shared) {
  std::vector<fs::path> all;
  const auto add = [&](const fs::path& place, bool itself) {
    all.push_back(place / folder);
    if (itself) all.push_back(place);
  };
  if (!dir.empty()) {
    add(dir, true);
    return all;
  }
  if (const char* data = variable("XTAPE_DATA")) add(data, true);
  if (const char* home = variable("HOME")) add(fs::path(home) / ".keras/datasets", in_shared);
  add("/usr/share/datasets", in_shared);
  return all;
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

void fail_not_found(const char* op, const std::string& dir, const std::string& searched, const std::string& advice) {
  const bool unset = dir.empty() && variable("XTAPE_DATA") == nullptr;
  detail::fail<DataError>(op, "the data set was not found. Looked in:{}{}\n{}", unset ? "\n  $XTAPE_DATA: not set" : "",
                          searched, advice);
}

std::string find_file(const char* op, const std::string& dir, const std::string& folder, const std::string& file,
                      const std::string& advice) {
  std::string searched;
  for (const auto& place : data_folders(dir, folder)) {
    if (is_file(place / file)) return (place / file).string();
    searched += fmt::format("\n  {}: no {}", place.string(), file);
  }
  fail_not_found(op, dir, searched, advice);
}

std::string keras_advice(const std::string& file) {
  return fmt::format(
      "To get it, put https://storage.googleapis.com/tensorflow/tf-keras-datasets/{} into ~/.keras/datasets.", file);
}

}  // namespace xtape::datasets
