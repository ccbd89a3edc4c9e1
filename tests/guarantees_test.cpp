#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "support/source_dir.hpp"

using namespace xtape;

TEST_CASE("docs/guarantees.md: the tests that it names are there") {
  std::ifstream in(testing::source_dir() + "/docs/guarantees.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  static const std::regex named("`([a-z_0-9]+/[a-z_0-9/]+\\.cpp)`");
  std::size_t files = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), named), end; at != end; ++at, ++files) {
    const std::string file = (*at)[1];
    CHECK_MESSAGE(std::filesystem::exists(testing::source_dir() + "/tests/" + file), file);
  }
  CHECK(files >= 20);
}
