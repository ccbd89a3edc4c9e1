#pragma once

#include "xtape/base/compiler.hpp"

namespace xtape {

/// The number of threads that one op may use: OMP_NUM_THREADS or the number of processors until set.
int num_threads() noexcept;

/// Sets the number of threads that one op may use, in the whole process. Results of xtape's own kernels do not depend
/// on it; products that BLAS or oneDNN computes may differ in the last bits. Throws a ValueError below 1.
void set_num_threads(int threads);

}  // namespace xtape
