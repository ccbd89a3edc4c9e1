#include <xsimd/xsimd.hpp>

#include "kernels/libraries.hpp"

namespace xtape::kernels {

std::string instruction_set() { return xsimd::default_arch::name(); }

}  // namespace xtape::kernels
