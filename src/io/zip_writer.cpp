#include "io/zip_writer.hpp"

#include <minizip/zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.hpp"

namespace xtape::detail {

// minizip writes by name, so it gets the AtomicFile's temporary name.
ZipWriter::ZipWriter(const char* op, const std::string& path) : op_(op), path_(path), file_(op, path) {
  errno = 0;
  zip_ = zipOpen64(file_.temporary_path().c_str(), APPEND_STATUS_CREATE);
  check(zip_ != nullptr);
}

ZipWriter::~ZipWriter() {
  if (zip_ != nullptr) zipClose(zip_, nullptr);
}

void ZipWriter::add(const std::string& name, std::string_view head, std::string_view rest, bool compressed) {
  zip_fileinfo info{};
  info.tmz_date = {0, 0, 0, 1, 0, 1980};      // the format's first day, as numpy.savez writes
  constexpr std::size_t large = 0xf0000000u;  // from here on the sizes need zip64's fields
  check(zipOpenNewFileInZip64(zip_, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, compressed ? Z_DEFLATED : 0,
                              Z_DEFAULT_COMPRESSION, rest.size() > large) == ZIP_OK);
  write(head);
  write(rest);
  check(zipCloseFileInZip(zip_) == ZIP_OK);
}

void ZipWriter::commit() {
  check(zipClose(std::exchange(zip_, nullptr), nullptr) == ZIP_OK);
  file_.commit();
}

void ZipWriter::check(bool good) const {
  if (good) return;
  const int error = errno;
  fail<DataError>(op_, "{}: cannot be written: {}", path_, error != 0 ? std::strerror(error) : "minizip failed");
}

void ZipWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min<std::size_t>(bytes.size(), 1u << 30);
    check(zipWriteInFileInZip(zip_, bytes.data(), static_cast<unsigned>(n)) == ZIP_OK);
    bytes.remove_prefix(n);
  }
}

}  // namespace xtape::detail
