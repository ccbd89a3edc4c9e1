#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <zlib.h>

#include "fuzz/fuzz.hpp"
#include "xtape/io/limits.hpp"

// For the targets that read files.
namespace xtape::fuzzing {

/// Readers with limits that are soon reached.
inline void set_small_limits() {
  static const bool once = [] {
    io::set_limits(
        {.inflated_bytes = 1 << 20, .inflated_text_bytes = 1 << 18, .inflation = 8, .unpickled_bytes = 1 << 20});
    return true;
  }();
  static_cast<void>(once);
}

/// read(path) of a file with these bytes.
template <class F>
int read_as_file(const std::uint8_t* data, std::size_t size, const F& read) {
  set_small_limits();
  const MemoryFile file(text_of(data, size));
  return only_errors([&] { read(file.path()); });
}

/// The bytes that write(path) writes to a new file.
template <class F>
std::string written_by(const F& write) {
  std::string folder = (std::filesystem::temp_directory_path() / "xtape-fuzz-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail("no temporary folder");
  const std::string path = folder + "/file";
  write(path);
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove_all(folder);
  return bytes;
}

inline std::string gzip(const std::string& bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) fail("no zlib");
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) fail("zlib does not end");
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

}  // namespace xtape::fuzzing
