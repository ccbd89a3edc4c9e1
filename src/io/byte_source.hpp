#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace xtape::detail {

/// The most that compressed data may become (io/limits.hpp).
struct InflationLimit {
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  const char* name = "";  ///< of the member of io::Limits
};

/// That of a file of `file_bytes`, for text or other data.
InflationLimit inflation_limit(std::uint64_t file_bytes, bool text);

/// Throws the DataError of compressed data that becomes, or says it becomes, more than the limit.
void check_inflation(const char* op, const std::string& path, std::uint64_t bytes, const InflationLimit& limit);

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
  /// And no more than this are taken.
  virtual InflationLimit limit() const { return {}; }
};

/// Checks what a header says before memory is asked for: it can say anything. `bytes` of elements after a header.
void check_room(const ByteSource& source, std::uint64_t bytes, const std::string& what);

}  // namespace xtape::detail
