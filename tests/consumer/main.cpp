// What a user's first program does: includes xtape, calls it, prints with fmt.
#include <fmt/format.h>

#include <xtape/core/build_info.hpp>
#include <xtape/version.hpp>

int main() {
  const auto version = fmt::format("{}.{}.{}", XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH);
  const std::string info = xtape::build_info();
  fmt::print("{}", info);
  if (info.find(version) == std::string::npos) {
    fmt::print("the headers are version {}, the library is another\n", version);
    return 1;
  }
}
