#include "data/dataset_files.hpp"

#include <cstdlib>

#include "base/check.hpp"
#include "base/files.hpp"

namespace xtape::datasets {
namespace {

namespace fs = std::filesystem;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// A home that belongs to another user, as that of a service may, is passed over instead of being an error.
bool may_be_searched(const char* op, const fs::path& place) {
  try {
    return detail::file_type(op, place.string()) != fs::file_type::none;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

std::vector<fs::path> data_folders(const char* op, const std::string& dir, const std::string& folder, bool in_shared) {
  std::vector<fs::path> all;
  const auto add = [&](const fs::path& place, bool itself) {
    all.push_back(place / folder);
    if (itself) all.push_back(place);
  };
  if (!detail::checked_path(op, dir).empty()) {
    add(dir, true);
    return all;
  }
  if (const char* data = variable("XTAPE_DATA")) add(data, true);
  if (const char* home = variable("HOME")) {
    const fs::path place = fs::path(home) / ".keras/datasets";
    if (may_be_searched(op, place)) add(place, in_shared);
  }
  add("/usr/share/datasets", in_shared);
  return all;
}

bool is_file(const char* op, const fs::path& path) {
  return detail::file_type(op, path.string()) == fs::file_type::regular;
}

void fail_not_found(const char* op, const std::string& dir, const std::string& searched, const std::string& advice) {
  const bool unset = dir.empty() && variable("XTAPE_DATA") == nullptr;
  detail::fail<DataError>(op, "the data set was not found. Looked in:{}{}\n{}", unset ? "\n  $XTAPE_DATA: not set" : "",
                          detail::Whole{searched}, detail::Whole{advice});
}

std::string find_file(const char* op, const std::string& dir, const std::string& folder, const std::string& file,
                      const std::string& advice) {
  std::string searched;
  for (const auto& place : data_folders(op, dir, folder)) {
    if (is_file(op, place / file)) return (place / file).string();
    searched += fmt::format("\n  {}: no {}", place.string(), file);
  }
  fail_not_found(op, dir, searched, advice);
}

std::string keras_advice(const std::string& file) {
  return fmt::format(
      "To get it, put https://storage.googleapis.com/tensorflow/tf-keras-datasets/{} into ~/.keras/datasets.", file);
}

}  // namespace xtape::datasets
