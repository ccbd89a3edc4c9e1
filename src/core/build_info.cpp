#include "xtape/core/build_info.hpp"

#include <fmt/format.h>

#include "core/build_config.hpp"
#include "kernels/libraries.hpp"
#include "xtape/base/threads.hpp"

namespace xtape {
namespace {

std::string threads() {
#ifdef _OPENMP
  return fmt::format("OpenMP {}, {} at most", detail::build_openmp, num_threads());
#else
  return "none";
#endif
}

const char* or_none(const char* names) { return *names == '\0' ? "none" : names; }

/// "avx512bw", or "avx2 (fma3+avx2), chosen from sse2, avx2, avx512".
std::string instruction_set() {
  const std::string compiled = kernels::instruction_set();
  if (kernels::chosen_level == nullptr) return compiled;
  return fmt::format("{} ({}), chosen from {}", kernels::chosen_level(), compiled, detail::build_levels);
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
      "oneDNN           {}\n"
      "parts            {}\n"
      "left out         {}\n",
      detail::build_version, detail::build_compiler, build, instruction_set(), threads(),
      kernels::blas_description(detail::build_blas), or_none(detail::build_lapack), kernels::onednn_description(),
      or_none(detail::build_parts), or_none(detail::build_missing_parts));
}

}  // namespace xtape
