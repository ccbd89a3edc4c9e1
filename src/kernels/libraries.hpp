#pragma once

#include <string>

namespace xtape::kernels {

/// What the kernels were compiled for and what they call, for build_info(): "fma3+avx2", "OpenBLAS (openmp), ...".
/// `linked_blas` is the description of a BLAS that does not tell its name.
std::string instruction_set();
/// The level of the kernels that was chosen at start, where they have levels: only such libraries have the function.
[[gnu::weak]] const char* chosen_level() noexcept;
std::string blas_description(const char* linked_blas);
std::string onednn_description();

}  // namespace xtape::kernels
