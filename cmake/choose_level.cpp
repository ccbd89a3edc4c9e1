// Which level of the kernels runs: cmake/XtapeLevels.cmake explains the levels. Only libraries that have levels have
// this file.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/libraries.hpp"

// Made together with the levels, by cmake/link_levels.
extern "C" {
extern const void* xtape_chosen_functions[];  ///< where each jump goes; those of the first level until one is chosen
extern const std::size_t xtape_function_count;
struct XtapeLevel {
  const char* name;
  const void* const* functions;
};
extern const XtapeLevel xtape_levels[];  ///< from the one that runs everywhere to the widest; the last has no name
}

namespace xtape::kernels {
namespace {

#ifdef __x86_64__
/// As cmake/XtapeLevels.cmake compiles them: x86-64-v3 and x86-64-v4 of the psABI, without the parts that compilers do
/// not ask for.
bool runs_here(const char* level) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
  if (std::strcmp(level, "avx2") == 0) return avx2;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (std::strcmp(level, "avx512") == 0) return avx512;
  if (std::strcmp(level, "avx512_bf16") == 0) return avx512 && __builtin_cpu_supports("avx512bf16");
  return true;
}
#else
bool runs_here(const char*) { return true; }
#endif

/// The level of that name, or the widest, of those that run here.
const XtapeLevel& find_level(const char* name) {
  const XtapeLevel* widest = xtape_levels;
  for (const XtapeLevel* level = xtape_levels; level->name != nullptr; ++level) {
    if (!runs_here(level->name)) continue;
    widest = level;
    if (name != nullptr && std::strcmp(name, level->name) == 0) return *level;
  }
  if (name == nullptr) return *widest;
  std::fprintf(stderr, "xtape: XTAPE_ISA=%s: expected", name);
  for (const XtapeLevel* level = xtape_levels; level->name != nullptr; ++level)
    if (runs_here(level->name)) std::fprintf(stderr, "%s %s", level == xtape_levels ? "" : ",", level->name);
  std::fprintf(stderr, "; using %s\n", widest->name);
  return *widest;
}

const XtapeLevel* chosen = xtape_levels;

}  // namespace

const char* chosen_level() noexcept { return chosen->name; }

/// The file of jumps has it run before the constructors of the program's own static objects, which may call ops.
extern "C" [[gnu::visibility("hidden")]] void xtape_choose_level() {
  const char* const asked = std::getenv("XTAPE_ISA");
  chosen = &find_level(asked != nullptr && *asked != '\0' ? asked : nullptr);
  std::memcpy(xtape_chosen_functions, chosen->functions, xtape_function_count * sizeof(void*));
}

}  // namespace xtape::kernels
