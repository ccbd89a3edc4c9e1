#include "support/source_dir.hpp"

namespace xtape::testing {

std::string source_dir() { return XTAPE_SOURCE_DIR; }

}  // namespace xtape::testing
