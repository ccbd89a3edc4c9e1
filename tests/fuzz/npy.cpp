// load_npy, plain and compressed by gzip.
#include "xtape/io/npy.hpp"
#include "fuzz/files.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { io::load_npy(path); });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  for (const DType dtype : {float32, float64, int32, int64, uint8, boolean}) {
    all.push_back(written_by([&](const std::string& path) { io::save_npy(path, ones({2, 3}, dtype)); }));
  }
  for (const char* type : {"<f2", ">f4", "|i1", "<i2", ">u2", "<u4", "<u8", "|O"}) {
    std::string header = std::string("{'descr': '") + type + "', 'fortran_order': True, 'shape': (2, 2), }\n";
    all.push_back(std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + '\0' + header +
                  std::string(32, '\1'));
  }
  all.push_back(gzip(all[0]));
  return all;
}
