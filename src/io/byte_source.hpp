#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace xtape::detail {

/// Bytes that come one after the other, of a file or of a part of one.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Reads up to `bytes` bytes and returns how many there were, fewer only at the end. What guards the bytes, such as a
  /// checksum, has been passed when the end is reached.
  virtual std::size_t read(void* to, std::size_t bytes) = 0;

  /// The function that error messages name, and where the bytes are.
  virtual const char* op() const = 0;
  virtual const std::string& path() const = 0;
  /// No more bytes can come in all.
  virtual std::uint64_t most_bytes() const = 0;
};

}  // namespace xtape::detail
