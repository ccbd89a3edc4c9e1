#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "support/temp_dir.hpp"

namespace xtape::testing {

/// The environment variable PATH during its life.
class Path {
 public:
  explicit Path(const std::string& path) {
    if (const char* value = std::getenv("PATH")) before_ = value;
    setenv("PATH", path.c_str(), 1);
  }
  ~Path() { setenv("PATH", before_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  std::string before_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A gnuplot whose picture is the script that it was given, or another shell command in its place.
class FakeGnuplot {
 public:
  explicit FakeGnuplot(const std::string& command = "exec /bin/cat \"$2\"") : path_(dir_.str()) {
    const std::string program = dir_.write("gnuplot", "#!/bin/sh\n" + command + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  /// Where a picture may be drawn.
  std::string picture(const std::string& name = "picture.png") const { return dir_ / name; }
  std::string script() const { return read_file(picture()); }

 private:
  TempDir dir_;
  Path path_;
};

inline bool has_gnuplot() {
  std::istringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (std::filesystem::exists(folder + "/gnuplot")) return true;
  }
  return false;
}

}  // namespace xtape::testing
