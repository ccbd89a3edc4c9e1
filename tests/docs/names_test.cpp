// Every public name is documented.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "support/header_scan.hpp"

namespace xtape::testing {
namespace {

TEST_CASE("every public class, function, alias and constant has a comment") {
  const std::string headers = headers_of("include/xtape");
  for (const std::string& name : undocumented_names(headers)) {
    CAPTURE(name);
    CHECK_MESSAGE(false, "a public name without a /// comment");
  }
}

TEST_CASE("names without a comment are found") {
  const auto names = undocumented_names(
      "namespace a {\n"
      "/// One.\n"
      "int one(int x);\n"
      "int one_more(double x);\n"
      "struct OneAlone {};\n"
      "\n"
      "int two(int x = f(3));\n"
      "class Ahead;\n"
      "struct Three : Base<int> {\n"
      "  int inside;\n"
      "};\n"
      "\n"
      "template <class T>\n"
      "requires(sizeof(T) > 2) T four(const T& x) {\n"
      "  return x;\n"
      "}\n"
      "inline constexpr int five = g(1);\n"
      "\n"
      "/// Six.\n"
      "template <class T>\n"
      "T six(T x);\n"
      "\n"
      "template <class T>\n"
      "T six(T x) {\n"
      "  return x;\n"
      "}\n"
      "namespace detail {\n"
      "int seven();\n"
      "}  // namespace detail\n"
      "}  // namespace a\n");
  CHECK(names == std::set<std::string>{"a::OneAlone", "a::two", "a::Three", "a::four", "a::five"});
}

}  // namespace
}  // namespace xtape::testing
