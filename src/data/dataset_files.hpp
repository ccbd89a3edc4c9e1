#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xtape::datasets {

/// Where a data set is looked for, see LoadOptions::dir: the folder of its name in each place, and the place itself if
/// it was given by the user or, with `in_shared`, if all data sets share it.
std::vector<std::filesystem::path> data_folders(const char* op, const std::string& dir, const std::string& folder,
                                                bool in_shared = true);

/// Throws a DataError if the system does not tell.
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
