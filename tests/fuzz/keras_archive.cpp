// Models in .keras archives and .h5 files, with their weights.
#include <unistd.h>

#include "fuzz/fuzz.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/warning.hpp"
#include "xtape/models/load_model.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto quiet = set_warning_handler([](const std::string&) {});
  const fuzzing::MemoryFile file(fuzzing::text_of(data, size));
  static const testing::TempDir folder;
  for (const char* name : {"m.keras", "m.h5"}) {
    const std::string link = folder / name;  // load_model chooses by the name
    if (symlink(file.path().c_str(), link.c_str()) != 0) fuzzing::fail("no link");
    fuzzing::only_errors([&] { (void)models::load_model(link); });
    unlink(link.c_str());
  }
  return 0;
}

/// The corpus has the good files.
std::vector<std::string> fuzzing::seeds() { return {}; }
