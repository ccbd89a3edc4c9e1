#include "xtape/core/build_info.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <sstream>
#include <string>

#include "xtape/base/threads.hpp"
#include "xtape/version.hpp"

namespace {

/// The value that build_info() gives for a name, or "<none>".
std::string fact(const std::string& name) {
  std::istringstream lines(xtape::build_info());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + " ", 0) == 0) return line.substr(line.find_first_not_of(' ', name.size()));
  }
  return "<none>";
}

#ifdef __x86_64__
/// What a library with levels chooses on this processor, with xsimd's name for it, where XTAPE_ISA may ask for another
/// one.
std::string expected_level() {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  const char* const given = std::getenv("XTAPE_ISA");
  const std::string asked = given != nullptr ? given : "";
  if (asked == "sse2" || !avx2) return "sse2 (sse2)";
  if (asked == "avx2" || !avx512) return "avx2 (fma3+avx2)";
  return asked == "avx512" || !bf16 ? "avx512 (avx512bw)" : "avx512_bf16 (avx512bw)";
}
#endif

}  // namespace

TEST_CASE("build_info: names version and compiler as the headers and this compiler do") {
  CHECK(fact("xtape") == fmt::format("{}.{}.{}", XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH));
#ifdef __clang__
  CHECK(fact("compiler") == fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__));
#else
  CHECK(fact("compiler") == fmt::format("GNU {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
#endif
}

TEST_CASE("build_info: instruction set is the one these flags allow, or a level that was chosen") {
  const std::string set = fact("instruction set");
#ifdef __x86_64__
  if (const auto levels = set.find(", chosen from "); levels != std::string::npos) {
    CHECK(set.substr(0, levels) == expected_level());
    return;
  }
#endif
  // Newer versions of xsimd go on from there: "avx512vnni+avx512vbmi".
#if defined(__AVX512BW__)
  CHECK(set.starts_with("avx512"));
#elif defined(__AVX2__) && defined(__FMA__)
  CHECK(set.starts_with("fma3+avx2"));
#elif defined(__AVX2__)
  CHECK(set == "avx2");
#else
  CHECK(set != "<none>");
#endif
}

TEST_CASE("build_info: threads follow set_num_threads") {
  const int before = xtape::num_threads();
  xtape::set_num_threads(1);
  const std::string one = fact("threads");
  xtape::set_num_threads(before);
  CHECK((one == "none" || one.find(" 1 at most") != std::string::npos));
}

TEST_CASE("build_info: libraries are named") {
  for (const char* name : {"build type", "BLAS", "LAPACK", "oneDNN"}) {
    CAPTURE(name);
    CHECK(fact(name) != "<none>");
  }
}
