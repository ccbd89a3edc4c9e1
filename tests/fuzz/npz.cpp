// load_npz: the members of zip archives, stored and deflated.
#include "xtape/io/npz.hpp"
#include "fuzz/files.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { io::load_npz(path); });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  for (const bool compressed : {false, true}) {
    all.push_back(written_by([&](const std::string& path) {
      io::save_npz(path, {{"a", ones({3})}, {"b", zeros({40, 2}, int64)}}, {.compressed = compressed});
    }));
  }
  all.push_back(written_by([](const std::string& path) { io::save_npz(path, {}); }));
  return all;
}
