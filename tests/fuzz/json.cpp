// The word indices of the text datasets: an object of names and numbers.
#include "fuzz/files.hpp"
#include "io/json_numbers.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { detail::read_json_numbers("fuzz", path); });
}

std::vector<std::string> fuzzing::seeds() {
  const std::string index = R"({"the": 1, "a\u0041\n": 2147483647, "\ud83d\ude00": 0})";
  return {index,
          gzip(index),
          R"({"a": 1.5})",
          R"([[[[1]]]])",
          R"({"a": {"b": -1}, "a": null, "c": true})",
          std::string(300, '[')};
}
