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

/// The limit for a file of `file_bytes`, of text or other data.
InflationLimit inflation_limit(std::uint64_t file_bytes, bool text);

/// Throws a DataError if compressed data become, or according to a header will become, more than the limit.
void check_inflation(const char* op, const std::string& path, std::uint64_t bytes, const InflationLimit& limit);

/// A stream of bytes: a file, or a part of one.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Reads up to `bytes` bytes and returns how many there were, fewer only at the end. When the end is reached,
  /// checksums have been verified.
  virtual std::size_t read(void* to, std::size_t bytes) = 0;

  /// The function that error messages name, and where the bytes are.
  virtual const char* op() const = 0;
  virtual const std::string& path() const = 0;
  /// The most bytes that can come in all.
  virtual std::uint64_t max_bytes() const = 0;
  /// The most bytes that may be read.
  virtual InflationLimit limit() const { return {}; }
};

/// Throws a DataError if the source cannot hold `bytes` of elements, as a header says. To be called before memory is
/// asked for: a damaged header can say anything.
void check_room(const ByteSource& source, std::uint64_t bytes, const std::string& what);

}  // namespace xtape::detail
