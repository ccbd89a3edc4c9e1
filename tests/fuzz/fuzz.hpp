#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "xtape/base/error.hpp"

// What the fuzz targets share. Each other file of this folder but main.cpp is a target: one function that takes any
// bytes and must end with nothing worse than an xtape::Error, and a few good inputs to begin with. main.cpp makes a
// test of it, clang's libFuzzer a program that searches for hours.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace xtape::fuzzing {

/// Good inputs, which the target defines.
std::vector<std::string> seeds();

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

/// Calls f, which may throw errors of xtape, with messages of a sane length, and nothing else.
template <class F>
int only_errors(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    if (error.message().size() > 10000) fail("a message of more than 10000 bytes");
  }
  return 0;
}

/// A file in memory.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(file_)) {
    if (file_ < 0) fail("no file in memory");
  }
  explicit MemoryFile(std::string_view bytes) : MemoryFile() { write(bytes); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(file_); }

  void write(std::string_view bytes) {
    if (ftruncate(file_, 0) != 0) fail("a file in memory cannot be emptied");
    if (pwrite(file_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      fail("a file in memory cannot be written");
    }
  }
  std::string read() const {
    std::string bytes(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
    if (pread(file_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) fail("a short read");
    return bytes;
  }
  const std::string& path() const { return path_; }

 private:
  int file_;
  std::string path_;
};

}  // namespace xtape::fuzzing
