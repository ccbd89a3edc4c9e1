#include "base/files.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/check.hpp"

namespace xtape::detail {

namespace fs = std::filesystem;

const std::string& checked_path(const char* op, const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    fail<ValueError>(op, "expected a path without a zero byte, received \"{}\"", path);
  }
  return path;
}

FilePtr open_file(const char* op, const std::string& path, const char* mode) {
  FilePtr file(std::fopen(checked_path(op, path).c_str(), mode));
  if (!file) fail<DataError>(op, "{}: cannot be opened: {}", path, std::strerror(errno));
  return file;
}

FilePtr open_regular_file(const char* op, const std::string& path, std::uint64_t& bytes) {
  const fs::file_type type = file_type(op, path);
  if (type == fs::file_type::not_found) fail<DataError>(op, "{}: no such file", path);
  if (type == fs::file_type::directory) fail<DataError>(op, "{}: expected a file, received a directory", path);
  if (type != fs::file_type::regular) fail<DataError>(op, "{}: expected a regular file", path);
  FilePtr file = open_file(op, path, "rb");
  std::error_code error;
  bytes = fs::file_size(path, error);
  if (error) fail<DataError>(op, "{}: cannot be read: {}", path, error.message());
  return file;
}

fs::file_type file_type(const char* op, const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(checked_path(op, path), error);
  if (error && status.type() != fs::file_type::not_found) {
    fail<DataError>(op, "{}: cannot be looked for: {}", path, error.message());
  }
  return status.type();
}

void make_folders(const char* op, const std::string& path) {
  std::error_code error;
  fs::create_directories(checked_path(op, path), error);
  if (!error && !fs::is_directory(path, error) && !error) error = std::make_error_code(std::errc::not_a_directory);
  if (error) fail<DataError>(op, "{}: the folder cannot be created: {}", path, error.message());
}

}  // namespace xtape::detail
