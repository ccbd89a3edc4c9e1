#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

// The only places where xtape gives a path to the system. All errors name the function and the path.
namespace xtape::detail {

/// The path itself. Throws a ValueError for one with a zero byte: to the system it ends there, and names another file.
const std::string& checked_path(const char* op, const std::string& path);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

/// fopen; a DataError "[op] path: cannot be opened: ..." where it fails.
FilePtr open_file(const char* op, const std::string& path, const char* mode);

/// What a path leads to, behind links. file_type::not_found says that there is no such file or folder; where that
/// cannot be told, as in a folder that may not be searched, this is a DataError.
std::filesystem::file_type file_type(const char* op, const std::string& path);

inline bool is_there(const char* op, const std::string& path) {
  return file_type(op, path) != std::filesystem::file_type::not_found;
}
inline bool is_folder(const char* op, const std::string& path) {
  return file_type(op, path) == std::filesystem::file_type::directory;
}

/// Makes a folder and those that lead to it, where they are missing.
void make_folders(const char* op, const std::string& path);

}  // namespace xtape::detail
