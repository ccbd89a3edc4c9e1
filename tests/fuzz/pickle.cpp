// A pickled array of lists of integers, as imdb.npz and reuters.npz hold.
#include "io/pickle.hpp"
#include "fuzz/files.hpp"
#include "io/input_file.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    detail::InputFile file("fuzz", path);
    detail::read_pickled_lists(file);
  });
}

std::vector<std::string> fuzzing::seeds() {
  const auto array = [](const std::string& lists) {
    using namespace std::string_literals;
    return "\x80\3"s + "cnumpy.core.multiarray\n_reconstruct\nq\1cnumpy\nndarray\nq\2K\0\x85q\3C\1bq\4\x87q\5Rq\6"s +
           "(K\1K\2\x85q\7cnumpy\ndtype\nq\x08X\2\0\0\0O8q\x09K\0K\1\x87q\x0aRq\x0b"s +
           "(K\3X\1\0\0\0|q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0d"s + "b\x89]q\x0e("s + lists + "etq\x0f"s +
           "b."s;
  };
  using namespace std::string_literals;
  return {array("]q\x10(K\1M\2\1J\1\2\3\4e]q\x11K\7a"s), array("]\x94]\x94"s), gzip(array("]]"s)),
          "\x80\4\x95\x08\0\0\0\0\0\0\0\x8c\5numpy\x8c\7ndarray\x93\x94."s};
}
