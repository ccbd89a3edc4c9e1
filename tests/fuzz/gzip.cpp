// Files that are read to their end, whatever they are compressed by.
#include "fuzz/files.hpp"
#include "io/input_file.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    detail::InputFile file("fuzz", path);
    detail::read_all(file);
  });
}

std::vector<std::string> fuzzing::seeds() {
  return {"text", gzip("some text, some text, some text"), gzip(std::string(100000, 'x')), gzip("a") + gzip("b"),
          gzip("")};
}
