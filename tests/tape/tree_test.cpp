#include "xtape/tape/tree.hpp"

#include <map>
#include <string>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;

namespace {

const Tensor a = constant({1.0, 2.0}), b = constant(3.0);

}  // namespace

TEST_CASE("tree: leaves in order") {
  const Variable v(b);
  const auto mixed = std::tuple(std::vector<Tensor>{a, b}, std::map<std::string, Tensor>{{"y", b}, {"x", a}}, v);
  const Tensors leaves = tree::flatten(mixed);
  REQUIRE(leaves.size() == 5);
  CHECK_TENSOR_EQ(leaves[2], a);  // "x" before "y"
  CHECK_TENSOR_EQ(leaves[4], b);
  const std::vector<Variable> variables = tree::flatten(std::pair(v, std::array{v}));
  REQUIRE(variables.size() == 2);
  CHECK(variables[1].is_same(v));
  CHECK(tree::flatten(a).size() == 1);
  CHECK(tree::flatten(std::vector<Tensor>{}).empty());
  CHECK(tree::is_nested(mixed));
  CHECK_FALSE(tree::is_nested(a));
  CHECK_FALSE(tree::is_nested(v));
}

TEST_CASE("tree: a function of each leaf, and of leaves of several structures") {
  const std::map<std::string, std::vector<Tensor>> nested{{"w", {a, b}}, {"b", {b}}};
  auto doubled = tree::map_structure([](const Tensor& t) { return t * 2; }, nested);
  CHECK_CLOSE(doubled.at("w")[0], {2, 4}, 0);
  CHECK_CLOSE(doubled.at("b")[0], 6, 0);
  const auto sums = tree::map_structure([](const Tensor& s, const Tensor& t) { return s + t; }, nested, doubled);
  CHECK_CLOSE(sums.at("w")[1], 9, 0);
  const auto [first, second] = tree::map_structure([](const Tensor& s, const Variable& t) { return s - t; },
                                                   std::pair(a, b), std::vector<Variable>{Variable(a), Variable(a)});
  CHECK_CLOSE(first, {0, 0}, 0);
  CHECK_CLOSE(second, {2, 1}, 0);
  CHECK_THROWS_TEXT(
      ValueError, "[tree.map_structure] expected 2 leaves, received 1",
      tree::map_structure([](const Tensor& s, const Tensor&) { return s; }, std::pair(a, b), std::vector<Tensor>{a}));
}

TEST_CASE("tree: leaves in the place of a structure's own") {
  const std::map<std::string, Variable> parameters{{"w", Variable(a)}, {"b", Variable(b)}};
  const std::map<std::string, Tensor> packed = tree::pack_sequence_as(parameters, Tensors{b, a});
  CHECK_TENSOR_EQ(packed.at("b"), b);
  CHECK_TENSOR_EQ(packed.at("w"), a);
  CHECK_THROWS_TEXT(ValueError, "[tree.pack_sequence_as] expected 2 leaves, received 3",
                    tree::pack_sequence_as(parameters, Tensors{a, a, a}));
}
