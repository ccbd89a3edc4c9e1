#include "io/tf_record.hpp"

#include <cstdint>

#include "io/crc32c.hpp"

namespace xtape::detail {
namespace {

template <class U>
void append_little_endian(std::string& to, U value) {
  for (std::size_t i = 0; i < sizeof(U); ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
}

// As TensorFlow's io/record_writer.cc: a CRC of data that contain CRCs is weak, so the stored one is rotated and
// shifted.
std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace

// Length (8 bytes), CRC of the length, data, CRC of the data.
void append_tf_record(std::string& to, std::string_view data) {
  const std::size_t begin = to.size();
  append_little_endian(to, static_cast<std::uint64_t>(data.size()));
  append_little_endian(to, masked_crc(std::string_view(to).substr(begin)));
  to += data;
  append_little_endian(to, masked_crc(data));
}

}  // namespace xtape::detail
