#pragma once

#include <string>
#include <string_view>

#include "io/atomic_file.hpp"

namespace xtape::detail {

/// Writes a zip archive, of which nothing is seen until commit(). Throws DataErrors "[op] path: cannot be written:
/// ...".
class ZipWriter {
 public:
  ZipWriter(const char* op, const std::string& path);
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  /// A member of two parts, one after the other.
  void add(const std::string& name, std::string_view head, std::string_view rest, bool compressed);
  /// Makes the file appear. Nothing can be added afterwards.
  void commit();

 private:
  void check(bool good) const;
  void write(std::string_view bytes);

  const char* op_ = "";
  std::string path_;
  AtomicFile file_;
  void* zip_ = nullptr;
};

}  // namespace xtape::detail
