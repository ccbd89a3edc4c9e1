#pragma once

#include <string>

namespace bench {

/// Restarts the program with OPENBLAS_CORETYPE=SkylakeX if OpenBLAS does not use the processor's AVX-512, because it is
/// older than the processor or OPENBLAS_CORETYPE says so. That would halve the speed of libtorch.
void use_best_openblas_kernels(char** argv);

/// The BLAS of the process: the file, and OpenBLAS's description of itself.
std::string blas_in_use();

/// How busy the machine is: "load 0.5 on 2 processors".
std::string load();

}  // namespace bench
