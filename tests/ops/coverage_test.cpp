#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "ops/table.hpp"
#include "support/source_dir.hpp"

using namespace xtape;

namespace {

/// The functions that a header of ops declares outside namespace detail, with the namespaces inside xtape.
std::set<std::string> declared_in(const std::string& header) {
  static const std::regex opens("namespace (\\w+) \\{"), closes("\\}  // namespace (\\w+)"),
      declares("(?:inline )?[A-Z]\\w* (\\w+)\\(.*");
  std::set<std::string> names;
  std::vector<std::string> inside;
  std::istringstream lines(header);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, opens)) {
      inside.push_back(match[1]);
    } else if (std::regex_match(line, match, closes)) {
      inside.pop_back();
    } else if (std::regex_match(line, match, declares) && (inside.empty() || inside.back() != "detail")) {
      std::string name = match[1];
      for (std::size_t i = inside.size(); i-- > 1;) name = inside[i] + "::" + name;
      names.insert(name);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("coverage: every op that a header declares has a row, and every row an op") {
  std::set<std::string> declared;
  for (const auto& file : std::filesystem::directory_iterator(testing::source_dir() + "/include/xtape/ops")) {
    std::ifstream in(file.path());
    std::ostringstream text;
    text << in.rdbuf();
    declared.merge(declared_in(text.str()));
  }
  CHECK(declared.size() >= 50);
  const auto& rows = testing::ops_with_rows();
  MESSAGE(declared.size(), " ops, ", testing::number_of_rows(), " rows");
  for (const auto& name : declared) CHECK_MESSAGE(rows.contains(name), "tests/ops has no row for ", name);
  for (const auto& name : rows) CHECK_MESSAGE(declared.contains(name), "include/xtape/ops does not declare ", name);
}

TEST_CASE("coverage: what counts as a declaration of an op") {
  const std::string header =
      "namespace xtape {\n"
      "/// Tensor in_a_comment(const Tensor& x);\n"
      "Tensor plain(const Tensor& x, double a = 1);\n"
      "inline Tensor inlined(const Tensor& x) { return x; }\n"
      "inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }\n"
      "Tensors several(const Tensor& x);\n"
      "Parts of_a_struct(const Tensor& x);\n"
      "Tensor over_two_lines(const Tensor& x,\n"
      "                      const Tensor& y);\n"
      "struct Options {\n"
      "  Tensor member(int i);\n"
      "};\n"
      "namespace nn {\n"
      "Tensor nested(const Tensor& x);\n"
      "}  // namespace nn\n"
      "namespace detail {\n"
      "Tensor internal(const Tensor& x);\n"
      "}  // namespace detail\n"
      "Tensor last(const Tensor& x);\n"
      "}  // namespace xtape\n";
  CHECK(declared_in(header) ==
        std::set<std::string>{"plain", "inlined", "several", "of_a_struct", "over_two_lines", "nn::nested", "last"});
}
