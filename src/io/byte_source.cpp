#include "io/byte_source.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "xtape/io/limits.hpp"

namespace xtape::detail {

// A small file may expand to the absolute limit. A large one may expand to a multiple of its size, since the user knows
// that it is large.
InflationLimit inflation_limit(std::uint64_t file_bytes, bool text) {
  const io::Limits limits = io::limits();
  std::uint64_t relative = 0;
  if (__builtin_mul_overflow(file_bytes, limits.inflation, &relative)) {
    relative = std::numeric_limits<std::uint64_t>::max();
  }
  return {std::max(text ? limits.inflated_text_bytes : limits.inflated_bytes, relative),
          text ? "inflated_text_bytes" : "inflated_bytes"};
}

void check_inflation(const char* op, const std::string& path, std::uint64_t bytes, const InflationLimit& limit) {
  if (bytes <= limit.bytes) return;
  fail<DataError>(op, "{}: expected compressed data of at most {} bytes when inflated (io::Limits::{}), received more",
                  path, limit.bytes, limit.name);
}

void check_room(const ByteSource& source, std::uint64_t bytes, const std::string& what) {
  if (bytes > source.max_bytes()) {
    fail<DataError>(source.op(), "{}: expected {}: {} bytes cannot hold them", source.path(), what, source.max_bytes());
  }
  check_inflation(source.op(), source.path(), bytes, source.limit());
}

}  // namespace xtape::detail
