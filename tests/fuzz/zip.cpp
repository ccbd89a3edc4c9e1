// Archives whose members are read to their ends.
#include "fuzz/files.hpp"
#include "io/zip_reader.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/npz.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    detail::ZipReader zip("fuzz", path);
    for (const auto& member : zip.members()) {
      const auto source = zip.open(member);
      char bytes[4096];
      while (source->read(bytes, sizeof bytes) > 0) {
      }
    }
  });
}

std::vector<std::string> fuzzing::seeds() {
  const auto archive = [](bool compressed) {
    return written_by([&](const std::string& path) {
      io::save_npz(path, {{"a", ones({30})}, {"bc", zeros({50}, int64)}, {"", ones({})}}, {.compressed = compressed});
    });
  };
  return {archive(false), archive(true), std::string("PK\5\6") + std::string(18, '\0')};
}
