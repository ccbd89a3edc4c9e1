#pragma once

#include <string>

namespace xtape {

/// Says what this copy of the library was built with and what it runs on, one fact a line: version, compiler, build
/// type, instruction set, threads, BLAS, LAPACK, oneDNN. Configuring prints the same facts. For people and bug reports:
/// the wording may change between versions.
std::string build_info();

}  // namespace xtape
