// What a user's first program does: includes xtape, calls it, prints with fmt. And a map, which compiles its loop here,
// perhaps for other vector instructions than the library's.
#include <fmt/format.h>

#include <xtape/core/build_info.hpp>
#include <xtape/core/creation.hpp>
#include <xtape/ops/map.hpp>
#include <xtape/tape/gradient_tape.hpp>
#include <xtape/version.hpp>

#include <vector>

int main() {
  const auto version = fmt::format("{}.{}.{}", XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH);
  const std::string info = xtape::build_info();
  fmt::print("{}", info);
  if (info.find(version) == std::string::npos) {
    fmt::print("the headers are version {}, the library is another\n", version);
    return 1;
  }
  const auto x = xtape::constant({-3.0f, 0.5f, 2.0f});
  xtape::GradientTape tape;
  tape.watch(x);
  const auto y = xtape::map([](auto a) { return max(a * a * a + 1, 0); }, x);
  const auto dx = tape.gradient(y, x);
  if (y.to_vector<float>() != std::vector<float>{0, 1.125f, 9} ||
      dx.to_vector<float>() != std::vector<float>{0, 0.75f, 12}) {
    fmt::print("map gave {} with the gradient {}\n", y.str(), dx.str());
    return 1;
  }
}
