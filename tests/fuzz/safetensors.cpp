// load_safetensors, which weights and checkpoints are read with.
#include "xtape/io/safetensors.hpp"
#include "fuzz/files.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { io::load_safetensors(path); });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  for (const DType dtype : {float32, float64, bfloat16, int32, int64, uint8, boolean}) {
    all.push_back(written_by([&](const std::string& path) {
      io::save_safetensors(path, {{"a", ones({2, 2}, dtype)}, {"b", zeros({}, float64)}, {"c", zeros({0, 3}, dtype)}},
                           {{"format", "xtape"}});
    }));
  }
  // Those that become others.
  for (const auto& [type, bytes] : {std::pair{"F16", 2}, {"I8", 1}, {"U16", 2}, {"U32", 4}, {"U64", 8}}) {
    const std::string header = "{\"a\":{\"dtype\":\"" + std::string(type) + "\",\"shape\":[3],\"data_offsets\":[0," +
                               std::to_string(3 * bytes) + "]}}";
    all.push_back(std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header +
                  std::string(static_cast<std::size_t>(3 * bytes), '\x3c'));
  }
  return all;
}
