#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace xtape::detail {

/// Bytes that can be read at any position, by any thread: a file, a part of one, or memory. Elements are read into the
/// memory of their tensor, so that no second copy of the file is made.
class FileBytes {
 public:
  virtual ~FileBytes() = default;

  /// Reads exactly `count` bytes from `offset` on. Throws a DataError "[op] path: ..." if they are not there.
  virtual void read_at(std::uint64_t offset, void* to, std::size_t count) const = 0;
  virtual std::uint64_t size() const = 0;

  /// The function that error messages name, and where the bytes are.
  virtual const char* op() const = 0;
  virtual const std::string& path() const = 0;
};

/// A file as it is on the disk. Throws the DataErrors of InputFile.
std::shared_ptr<const FileBytes> open_file_bytes(const char* op, const std::string& path);

/// The `size` bytes of a file from `begin` on, under a name for messages.
std::shared_ptr<const FileBytes> part_of(std::shared_ptr<const FileBytes> whole, std::string name, std::uint64_t begin,
                                         std::uint64_t size);

/// Bytes in memory, under a name for messages.
std::shared_ptr<const FileBytes> memory_bytes(const char* op, std::string name, std::string bytes);

/// All of them.
std::string read_all(const FileBytes& bytes);

}  // namespace xtape::detail
