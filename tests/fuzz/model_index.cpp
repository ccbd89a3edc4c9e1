// The index of a model in several files.
#include "io/model_index.hpp"
#include "fuzz/files.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { detail::read_model_index("fuzz", path); });
}

std::vector<std::string> fuzzing::seeds() {
  return {R"({"metadata": {"total_size": 16, "list": [{"weight_map": 1}]}, "weight_map": {"a.b": "m-1.safetensors"}})",
          R"({"weight_map": {"a": "x", "b": "y"}})"};
}
