#pragma once

#include <string>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// How this copy of the library was built and what it runs on, one fact a line: version, compiler, build type,
/// instruction set, threads, BLAS, LAPACK, oneDNN, and the optional parts that it has and lacks: hdf5
/// (Keras's files), lapack, minizip (npz files), onednn, png, tensorboard. CMake's configuration prints the same facts.
/// The text is meant for bug reports; its wording may change between versions.
std::string build_info();

}  // namespace xtape
