#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xtape::datasets {

/// Where LoadOptions::dir says that a data set is looked for: the folder of its name in each place; the place itself
/// if it was given or, with `in_shared` places, shared by all data sets.
std::vector<std::filesystem::path> data_folders(const char* op, const std::string& dir, const std::string& folder,
                                                bool in_shared = true);

/// Throws a DataError where that cannot be told.
bool is_file(const char* op, const std::filesystem::path& path);

/// Throws the DataError of a data set that was not found, with a line for each place looked at and how to get it.
[[noreturn]] void fail_not_found(const char* op, const std::string& dir, const std::string& searched,
                                 const std::string& advice);

/// The first `file` in data_folders(). Throws the DataError when there is none.
std::string find_file(const char* op, const std::string& dir, const std::string& folder, const std::string& file,
                      const std::string& advice);

/// How to get a file that Keras downloads.
std::string keras_advice(const std::string& file);

}  // namespace xtape::datasets
