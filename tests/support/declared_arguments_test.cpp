#include "support/declared_arguments.hpp"

#include "support/check.hpp"

namespace xtape::testing {
namespace {

TEST_CASE("config: what counts as the arguments of a class") {
  using Names = std::vector<std::string>;
  const auto found = arguments_in(
      "struct AOptions {\n  int x = {}, y = f(1, 2);  ///< a, b\n"
      "  std::pair<int, int> z = {1, 2};\n\n  XTAPE_FIELDS(x, y, z)\n};\n"
      "class A : public LayerBase<A> {\n public:\n"
      "  explicit A(std::int64_t units, const AOptions& options = {});\n};\n"
      "class B final : public LayerBase<B, A> {\n public:\n"
      "  explicit B(double rate = 0.5, std::string name = {}) : LayerBase(name) {}\n};\n");
  CHECK(found.at("A") == Names{"units", "x", "y", "z"});
  CHECK(found.at("B") == Names{"rate", "name"});
}

}  // namespace
}  // namespace xtape::testing
