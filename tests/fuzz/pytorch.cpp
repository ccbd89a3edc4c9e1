// load_pytorch: a pickle and storages in a zip archive.
#include "xtape/io/pytorch.hpp"
#include "fuzz/files.hpp"
#include "io/zip_writer.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) { io::load_pytorch(path); });
}

std::vector<std::string> fuzzing::seeds() {
  using namespace std::string_literals;
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\nq\1((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s +
      "0X\3\0\0\0cpuK\4tQK\1K\1K\3\x86K\4K\1\x86\x89"s + "ccollections\nOrderedDict\n)RtR"s;
  const auto archive = [](const std::string& pickle, bool compressed) {
    return written_by([&](const std::string& path) {
      const float values[] = {1, 2, 3, 4};
      detail::ZipWriter zip("fuzz", path);
      zip.add("x/data.pkl", pickle, "", compressed);
      zip.add("x/byteorder", "big", "", false);
      zip.add("x/data/0", {reinterpret_cast<const char*>(values), sizeof values}, "", compressed);
      zip.commit();
    });
  };
  return {archive("\x80\2}q\0(X\1\0\0\0a"s + tensor + "X\1\0\0\0b](K\1"s + tensor + "eX\1\0\0\0cG?\xe0\0\0\0\0\0\0u."s,
                  false),
          archive("\x80\2"s + tensor + "."s, true)};
}
