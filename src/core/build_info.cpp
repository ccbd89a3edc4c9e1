#include "xtape/core/build_info.hpp"

#include <fmt/format.h>

#include <xsimd/xsimd.hpp>

#include "core/build_config.hpp"
#include "xtape/core/threads.hpp"

#ifdef XTAPE_HAS_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif

// Weak, because any BLAS will do: these stay null unless the one that was linked is OpenBLAS.
extern "C" {
[[gnu::weak]] char* openblas_get_config();
[[gnu::weak]] int openblas_get_parallel();
}

namespace xtape {
namespace {

std::string threads() {
#ifdef _OPENMP
  return fmt::format("OpenMP {}, {} at most", detail::build_openmp, num_threads());
#else
  return "none";
#endif
}

std::string blas() {
  if (openblas_get_config == nullptr || openblas_get_parallel == nullptr) return detail::build_blas;
  const char* const names[] = {"serial", "pthread", "openmp"};
  const int parallel = openblas_get_parallel();
  return fmt::format("OpenBLAS ({}), {}", parallel >= 0 && parallel <= 2 ? names[parallel] : "unknown threads",
                     openblas_get_config());
}

std::string onednn() {
#ifdef XTAPE_HAS_DNNL
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
#else
  return "not used: products go through xtensor-blas";
#endif
}

}  // namespace

std::string build_info() {
  std::string build = detail::build_type;
  if (*detail::build_sanitizers != '\0') build += fmt::format(", sanitizers {}", detail::build_sanitizers);
  return fmt::format(
      "xtape            {}\n"
      "compiler         {}\n"
      "build type       {}\n"
      "instruction set  {}\n"
      "threads          {}\n"
      "BLAS             {}\n"
      "LAPACK           {}\n"
      "oneDNN           {}\n",
      detail::build_version, detail::build_compiler, build, xsimd::default_arch::name(), threads(), blas(),
      detail::build_lapack, onednn());
}

}  // namespace xtape
