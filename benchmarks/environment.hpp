#pragma once

#include <string>

namespace bench {

/// An OpenBLAS that leaves AVX-512 unused (it is older than the processor, or OPENBLAS_CORETYPE says so) halves the
/// speed of libtorch, which is to be measured at its best: starts the program again with OPENBLAS_CORETYPE=SkylakeX.
void use_best_openblas_kernels(char** argv);

/// The BLAS that the process runs with: the file, and what OpenBLAS says of itself.
std::string blas_in_use();

/// How busy the machine is: "load 0.5 on 2 processors".
std::string load();

}  // namespace bench
