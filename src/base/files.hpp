#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

// Only these functions pass a path to the system. All errors name the function and the path.
namespace xtape::detail {

/// The path itself. Throws a ValueError for a path with a zero byte, where the system would end it and open another
/// file.
const std::string& checked_path(const char* op, const std::string& path);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

/// fopen(). Throws a DataError "[op] path: cannot be opened: ..." if it fails.
FilePtr open_file(const char* op, const std::string& path, const char* mode);

/// Opens a regular file for reading and says how many bytes it has. Throws a DataError "[op] path: ..." for any other
/// kind of file, and if it cannot be read.
FilePtr open_regular_file(const char* op, const std::string& path, std::uint64_t& bytes);

/// The type of the file to which a path leads, following links; file_type::not_found if there is none. Throws a
/// DataError if it cannot be determined, as in a folder without search permission.
std::filesystem::file_type file_type(const char* op, const std::string& path);

inline bool is_there(const char* op, const std::string& path) {
  return file_type(op, path) != std::filesystem::file_type::not_found;
}
inline bool is_folder(const char* op, const std::string& path) {
  return file_type(op, path) == std::filesystem::file_type::directory;
}

/// Makes a folder and its missing parents.
void make_folders(const char* op, const std::string& path);

}  // namespace xtape::detail
