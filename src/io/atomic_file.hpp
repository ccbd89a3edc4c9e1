#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xtape::detail {

/// A file that appears under its name whole or not at all: it is written under another name in the same folder, made
/// durable and renamed by commit(). Until then, and whenever anything fails or the process is killed, a file that was
/// there before stays as it was. A kill may leave "NAME.tmp-..." there, which the next AtomicFile of that name removes.
///
/// A symbolic link is followed, also to a file that is not there yet, and a new file takes the permissions of the one
/// it replaces. Throws DataErrors "[op] path: cannot be written: ...".
class AtomicFile {
 public:
  AtomicFile(const char* op, const std::string& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /// Removes what was written unless it was committed.
  ~AtomicFile();

  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// For formats that are not written from beginning to end.
  void write_at(std::uint64_t offset, const void* bytes, std::size_t count);
  void read_at(std::uint64_t offset, void* to, std::size_t count);
  void resize(std::uint64_t size);

  /// Makes the file appear. Nothing can be written afterwards.
  void commit();

  /// Where the bytes are until commit(), for libraries that write a file by its name.
  const std::string& temporary_path() const { return temporary_; }

 private:
  [[noreturn]] void fail_write(int error) const;
  void sync_folder() const;

  const char* op_;
  std::string path_;    ///< as given, for messages
  std::string target_;  ///< where symbolic links lead
  std::string temporary_;
  int file_ = -1;
  bool committed_ = false;
};

/// The whole file at once.
void write_file(const char* op, const std::string& path, std::string_view bytes);

}  // namespace xtape::detail
