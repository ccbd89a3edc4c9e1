#include "environment.hpp"

#include <fmt/format.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <thread>

// Weak, since the BLAS may not be OpenBLAS.
extern "C" {
[[gnu::weak]] int openblas_get_parallel();
[[gnu::weak]] char* openblas_get_corename();
}

namespace bench {

void use_best_openblas_kernels(char** argv) {
#ifdef __x86_64__
  if (openblas_get_corename == nullptr || !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl"))
    return;
  const std::string_view core = openblas_get_corename();
  const char* asked = getenv("OPENBLAS_CORETYPE");
  if (core == "SkylakeX" || core == "Cooperlake" || core == "SapphireRapids") return;
  if (asked != nullptr && std::string_view(asked) == "SkylakeX") return;  // requested, but not available
  setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
  execv("/proc/self/exe", argv);  // returns only if it fails; the program then continues
#else
  static_cast<void>(argv);
#endif
}

std::string blas_in_use() {
  std::string files;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        const std::string_view name = info->dlpi_name;
        if (name.find("libblas") != name.npos || name.find("libopenblas") != name.npos) {
          std::error_code error;
          const auto file = std::filesystem::canonical(name, error);
          auto& text = *static_cast<std::string*>(result);
          text += (text.empty() ? "" : ", ") + (error ? std::string(name) : file.string());
        }
        return 0;
      },
      &files);
  if (openblas_get_corename == nullptr || openblas_get_parallel == nullptr) return files;
  const char* const threads[] = {"no", "pthread", "OpenMP"};
  return fmt::format("{}; OpenBLAS with {} threads, kernels for {}{}", files, threads[openblas_get_parallel() % 3],
                     openblas_get_corename(), getenv("OPENBLAS_CORETYPE") != nullptr ? " (OPENBLAS_CORETYPE)" : "");
}

std::string load() {
  double average = 0;
  if (getloadavg(&average, 1) != 1) return "load unknown";
  return fmt::format("load {:.1f} on {} processors", average, std::thread::hardware_concurrency());
}

}  // namespace bench
