// The pickle of a PyTorch file alone: its checksum in the archive hides it from damage.
#include "io/pytorch_pickle.hpp"
#include "fuzz/files.hpp"
#include "io/input_file.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    detail::InputFile file("fuzz", path);
    detail::read_torch_pickle(file);
  });
}

std::vector<std::string> fuzzing::seeds() {
  using namespace std::string_literals;
  const std::string storage = "((X\7\0\0\0storageq\2ctorch\nFloatStorage\nX\1\0\0\0"s + "0X\3\0\0\0cpuK\4tQ"s;
  const std::string hooks =
      "\x89"
      "ccollections\nOrderedDict\n)R"s;
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\nq\1"s + storage + "K\1K\1K\3\x86K\4K\1\x86"s + hooks + "tR"s;
  return {"\x80\2}q\0(X\1\0\0\0a"s + tensor + "X\1\0\0\0b](K\1"s + tensor + "eX\1\0\0\0cG?\xe0\0\0\0\0\0\0u."s,
          "\x80\2"
          "ccollections\nOrderedDict\n]](X\1\0\0\0a"s +
              tensor + "ea\x85R}X\1\0\0\0mNsb."s,
          "\x80\2"
          "ctorch._utils\n_rebuild_parameter\n("s +
              tensor + hooks + "tR."s,
          "\x80\4\x95\x20\0\0\0\0\0\0\0]\x94\x8c\5torch\x94\x8c\7float32\x93\x94\x8a\x02\1\1\x88h\1\x86q\2e."s};
}
