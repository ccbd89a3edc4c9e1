#pragma once

#include <string>

namespace xtape::testing {

/// The folder of the project's sources: the headers that a scan reads, and files of test data.
std::string source_dir();

}  // namespace xtape::testing
