#include "kernels/libraries.hpp"

#include <fmt/format.h>

#ifdef XTAPE_HAS_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

// Weak, because any BLAS will do: these stay null unless the one that was linked is OpenBLAS.
extern "C" {
[[gnu::weak]] char* openblas_get_config();
[[gnu::weak]] int openblas_get_parallel();
}

namespace xtape::kernels {

std::string blas_description(const char* linked_blas) {
  if (openblas_get_config == nullptr || openblas_get_parallel == nullptr) return linked_blas;
  const char* const names[] = {"serial", "pthread", "openmp"};
  const int parallel = openblas_get_parallel();
  return fmt::format("OpenBLAS ({}), {}", parallel >= 0 && parallel <= 2 ? names[parallel] : "unknown threads",
                     openblas_get_config());
}

std::string onednn_description() {
#ifdef XTAPE_HAS_ONEDNN
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
#else
  return "not used: products go through xtensor-blas";
#endif
}

}  // namespace xtape::kernels
