// read_idx, plain and compressed by gzip.
#include "xtape/io/idx.hpp"
#include "fuzz/files.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { io::read_idx(path); });
}

std::vector<std::string> fuzzing::seeds() {
  const std::string bytes("\0\0\x08\x02\0\0\0\2\0\0\0\3abcdef", 18);
  const std::string floats("\0\0\x0d\x01\0\0\0\2abcdefgh", 16);
  const std::string doubles("\0\0\x0e\x03\0\0\0\1\0\0\0\1\0\0\0\1abcdefgh", 24);
  return {bytes, floats, doubles, gzip(bytes), gzip(floats + std::string(3000, '\0')), gzip(bytes) + gzip("")};
}
