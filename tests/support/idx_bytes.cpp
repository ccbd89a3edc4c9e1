#include "support/idx_bytes.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace xtape::testing {
namespace {

void append_little_endian(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i));
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

}  // namespace

std::string idx_bytes(unsigned char type, const std::vector<std::uint32_t>& sizes, std::string_view payload) {
  std::string bytes(2, '\0');
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(sizes.size());
  for (const auto size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  }
  return bytes.append(payload);
}

std::string gzip_bytes(std::string_view bytes) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  std::size_t at = 0;
  do {
    const std::size_t n = std::min<std::size_t>(bytes.size() - at, 65535);
    out += static_cast<char>(at + n == bytes.size());
    append_little_endian(out, n, 2);
    append_little_endian(out, ~n, 2);
    out += bytes.substr(at, n);
    at += n;
  } while (at < bytes.size());
  append_little_endian(out, crc32(bytes), 4);
  append_little_endian(out, bytes.size(), 4);
  return out;
}

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace xtape::testing
