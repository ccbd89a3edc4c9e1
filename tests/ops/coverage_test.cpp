#include <set>
#include <string>

#include "ops/table.hpp"
#include "support/op_declarations.hpp"

using namespace xtape;

namespace {

/// The functions that are declared, with the namespaces inside xtape; operators are other names of ops.
std::set<std::string> names_of(const testing::OpDeclarations& declared) {
  std::set<std::string> names;
  for (const auto& op : declared.functions) {
    if (!op.name.starts_with("operator") && !op.is_alias()) names.insert(op.full_name());
  }
  return names;
}

}  // namespace

TEST_CASE("coverage: every op that a header declares has a row, and every row an op") {
  const std::set<std::string> declared = names_of(testing::op_declarations());
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
  CHECK(names_of(testing::op_declarations("header", header)) ==
        std::set<std::string>{"plain", "inlined", "several", "of_a_struct", "over_two_lines", "nn::nested", "last"});
}
